/**
 * Reads the requests of one connection from their header blocks. A request that differs from the one before only in the fields that are another for
 * each call is not checked again but for these, and has what was kept with its head.
 *
 * Hot path. Budget: 0.2 µs a block that repeats, 0.6 µs one that is like the block before; from nothing it takes 4 µs.
 */
import { isFieldValue } from "../message/field-syntax.ts";
import type { Field } from "../message/fields.ts";
import { ReceivedRequestHead } from "../message/request-head.ts";
import type { HeaderBlock } from "./header-reader.ts";
import { Http2Fault } from "./protocol.ts";
import { type ParsedRequest, parseRequest } from "./request-block.ts";

/** Traces and deadlines; nothing that is kept with a head may depend on them. */
const callFields: ReadonlySet<string> = new Set(["traceparent", "tracestate", "baggage", "grpc-timeout"]);

/** What a block was read as. */
type ReadBlock = ReturnType<typeof parseRequest>;

/** See the module. */
export class RequestReader {
  #lastFields: readonly Field[] = [];
  #last: ParsedRequest | undefined;

  /** The request of a block, read once per block; throws the stream's fault when it is malformed. */
  read(block: HeaderBlock, streamId: number): ParsedRequest {
    const known = block.parsed as ReadBlock | undefined; // Set below only.
    const read = known ?? this.#readLike(block.fields) ?? parseRequest(block.fields);
    block.parsed = read;
    if (read.kind === "malformed") throw new Http2Fault("PROTOCOL_ERROR", read.problem, streamId);
    this.#last = read;
    this.#lastFields = block.fields;
    return read;
  }

  #readLike(fields: readonly Field[]): ParsedRequest | undefined {
    const last = this.#last;
    if (!last || !isLike(fields, this.#lastFields)) return undefined;
    const { kind, head: lastHead, contentLength } = last;
    const head = new ReceivedRequestHead(lastHead, fields.slice(fields.length - lastHead.fields.length));
    head.memo = lastHead.memo;
    return { kind, head, contentLength };
  }
}

/** Whether fields are the same but for those of the call, whose values are looked at. */
function isLike(fields: readonly Field[], others: readonly Field[]): boolean {
  if (fields.length !== others.length) return false;
  for (let at = 0; at < fields.length; at++) {
    // Both have this many.
    const [name, value] = fields[at] as Field;
    const [otherName, otherValue] = others[at] as Field;
    if (name !== otherName) return false;
    if (value !== otherValue && !(callFields.has(name) && isFieldValue(value))) return false;
  }
  return true;
}
