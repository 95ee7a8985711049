/** What a request's header block says (RFC 9113 §8.2, §8.3). */
import { isFieldName, isFieldValue, isTarget, isToken, parseContentLength } from "../message/field-syntax.ts";
import { type Field, FieldList, type Fields } from "../message/fields.ts";
import { ReceivedRequestHead, type RequestHead } from "../message/request-head.ts";
import type { HeaderBlock } from "./header-reader.ts";
import { Http2Fault } from "./protocol.ts";

/** A request's head and the length of body it promises. */
export interface ParsedRequest {
  readonly kind: "request";
  readonly head: RequestHead;
  readonly contentLength: number | undefined;
}

/** A block that is no request. */
export interface Malformed {
  readonly kind: "malformed";
  readonly problem: string;
}

const requestPseudoFields: ReadonlySet<string> = new Set([":method", ":scheme", ":authority", ":path"]);

/** Fields that speak of the connection, which HTTP/2 does itself (§8.2.2). */
const connectionFields: ReadonlySet<string> = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

/** Reads trailers; throws the stream's fault when they are malformed. */
export function trailersOf(block: HeaderBlock, streamId: number): Fields {
  if (block.parsedTrailers) return block.parsedTrailers;
  const problem = block.isTooLarge ? "trailers too large" : problemOfFields(block.fields);
  if (problem) throw new Http2Fault("PROTOCOL_ERROR", problem, streamId);
  const fields = new FieldList(block.fields);
  block.parsedTrailers = fields;
  return fields;
}

/** Why regular fields are malformed. */
export function problemOfFields(fields: readonly Field[]): string | undefined {
  for (const [name, value] of fields) {
    if (!isFieldName(name)) return `field name "${name}" is not allowed`;
    if (!isFieldValue(value)) return `value of "${name}" is not allowed`;
    if (connectionFields.has(name)) return `connection field "${name}"`;
    if (name === "te" && value !== "trailers") return 'value of "te" is not "trailers"';
  }
  return undefined;
}

/** Splits a block into pseudo-fields, which come first, each at most once, and regular fields. */
export function splitBlock(
  fields: readonly Field[],
  allowed: ReadonlySet<string>,
): { readonly pseudo: ReadonlyMap<string, string>; readonly regular: readonly Field[] } | string {
  const pseudo = new Map<string, string>();
  let at = 0;
  for (let field = fields[0]; field?.[0].startsWith(":"); field = fields[++at]) {
    const [name, value] = field;
    if (!allowed.has(name)) return `pseudo-field "${name}" is not allowed`;
    if (pseudo.has(name)) return `pseudo-field "${name}" twice`;
    pseudo.set(name, value);
  }
  return { pseudo, regular: at === 0 ? fields : fields.slice(at) };
}

function malformed(problem: string): Malformed {
  return { kind: "malformed", problem };
}

/** What a block says, from its fields. */
export function parseRequest(fields: readonly Field[]): ParsedRequest | Malformed {
  const split = splitBlock(fields, requestPseudoFields);
  if (typeof split === "string") return malformed(split);
  const problem = problemOfLine(split.pseudo) ?? problemOfFields(split.regular);
  if (problem) return malformed(problem);
  const line = {
    method: split.pseudo.get(":method") ?? "",
    scheme: split.pseudo.get(":scheme") ?? "",
    authority: split.pseudo.get(":authority") ?? "",
    path: split.pseudo.get(":path") ?? "",
  };
  return withFields(line, split.regular);
}

function withFields(
  line: { method: string; scheme: string; authority: string; path: string },
  fields: readonly Field[],
): ParsedRequest | Malformed {
  const list = new FieldList(fields);
  const host = list.get("host");
  if (host !== undefined && line.authority !== "" && host !== line.authority) return malformed('"host" differs from ":authority"');
  const lengths = new Set(fields.filter(([name]) => name === "content-length").map(([, value]) => value));
  const [lengthText] = lengths;
  const contentLength = lengthText === undefined ? undefined : parseContentLength(lengthText);
  if (lengths.size > 1 || (lengthText !== undefined && contentLength === undefined)) return malformed('invalid "content-length"');
  const head = new ReceivedRequestHead(line.authority === "" ? { ...line, authority: host ?? "" } : line, fields);
  return { kind: "request", head, contentLength };
}

function problemOfLine(pseudo: ReadonlyMap<string, string>): string | undefined {
  const method = pseudo.get(":method");
  const path = pseudo.get(":path");
  if (method === undefined || !isToken(method)) return '":method" is missing or invalid';
  if (method === "CONNECT") return pseudo.has(":authority") && !path && !pseudo.has(":scheme") ? undefined : "malformed CONNECT";
  if (!pseudo.get(":scheme")) return '":scheme" is missing';
  if (path === undefined || !isTarget(path)) return '":path" is missing or invalid';
  const isStar = path === "*" && method === "OPTIONS";
  if (!path.startsWith("/") && !isStar) return '":path" does not begin with "/"';
  if (!isFieldValue(pseudo.get(":authority") ?? "")) return '":authority" is invalid';
  return undefined;
}
