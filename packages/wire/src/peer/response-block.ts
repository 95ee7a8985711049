/** What an answer's header block says (RFC 9113 §8.3.2). */

import type { HeaderBlock } from "../http2/header-reader.ts";
import { Http2Fault } from "../http2/protocol.ts";
import { problemOfFields, splitBlock } from "../http2/request-block.ts";
import { type Field, FieldList } from "../message/fields.ts";
import type { PeerResponseHead } from "./contract.ts";

const responsePseudoFields: ReadonlySet<string> = new Set([":status"]);
const statusText = /^[1-9]\d\d$/;

class ReceivedResponseHead extends FieldList implements PeerResponseHead {
  readonly status: number;

  constructor(status: number, fields: readonly Field[]) {
    super(fields);
    this.status = status;
  }
}

/** Reads an answer's head, once per block; throws the stream's fault when it is malformed. */
export function responseOf(block: HeaderBlock, streamId: number): PeerResponseHead {
  if (block.parsed instanceof ReceivedResponseHead) return block.parsed;
  const split = block.isTooLarge ? "head too large" : splitBlock(block.fields, responsePseudoFields);
  if (typeof split === "string") throw new Http2Fault("PROTOCOL_ERROR", split, streamId);
  const status = split.pseudo.get(":status") ?? "";
  const problem = statusText.test(status) ? problemOfFields(split.regular) : '":status" is missing or invalid';
  if (problem) throw new Http2Fault("PROTOCOL_ERROR", problem, streamId);
  const head = new ReceivedResponseHead(Number(status), split.regular);
  block.parsed = head;
  return head;
}
