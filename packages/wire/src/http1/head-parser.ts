/**
 * Heads of HTTP/1.1 requests, strictly as RFC 9112 has them: what two implementations could read differently is refused, since that is how
 * requests are smuggled. Pure: text in, head or refusal out.
 */
import { isFieldValue, isTarget, isToken, parseContentLength } from "../message/field-syntax.ts";
import { type Field, FieldList, type Fields } from "../message/fields.ts";
import { ReceivedRequestHead, type RequestHead } from "../message/request-head.ts";

/** How the body of a request is delimited (RFC 9112 §6). */
export type BodyFraming = { readonly kind: "length"; readonly sizeBytes: number } | { readonly kind: "chunked" };

/** A head that was understood. */
export interface ParsedHead {
  readonly kind: "head";
  readonly head: RequestHead;
  readonly body: BodyFraming;
  /** Minor version 0: no chunked answers, closed unless asked for otherwise. */
  readonly isHttp10: boolean;
  readonly keepsAlive: boolean;
  readonly expectsContinue: boolean;
}

/** A head that was refused: the status to answer with before the connection is closed; 0 when it is not HTTP at all and gets no answer. */
export interface RefusedHead {
  readonly kind: "refused";
  readonly status: number;
  readonly problem: string;
}

/** RFC 9110 §7.2 with RFC 3986 §3.2.2: an IP literal or a registered name, then perhaps a port. Lists are no hosts, though a name may have commas. */
const hostText = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+;=%]*)(?::\d*)?$/;
const absoluteForm = /^(https?):\/\/([^/?]+)(.*)$/i;
const versionText = /^HTTP\/(\d)\.(\d)$/;
const anyVersionText = /^[A-Za-z]+\//;

/** Reads a head, given without the empty line that ends it. */
export function parseHead(text: string): ParsedHead | RefusedHead {
  const lines = text.split("\r\n");
  const line = parseRequestLine(lines[0] ?? "");
  if (line.kind === "refused") return line;
  const fields = parseFieldLines(lines.slice(1));
  if (typeof fields === "string") return refused(400, fields);
  const list = new FieldList(fields);
  const authority = line.authority ?? list.get("host") ?? "";
  const problem = problemOfHost(list, line.isHttp10) ?? (hostText.test(authority) ? undefined : "the host of the target is not valid");
  if (problem) return refused(400, problem);
  const body = bodyFraming(list, line.isHttp10);
  if (body.kind === "refused") return body;
  const expectations = fields.filter(([name, value]) => name === "expect" && value !== "").map(([, value]) => value.toLowerCase());
  const unknown = expectations.find((value) => value !== "100-continue");
  if (unknown !== undefined) return refused(417, `the expectation "${unknown}" is not supported`);
  const head = new ReceivedRequestHead({ method: line.method, scheme: "http", authority, path: line.path }, fields);
  return {
    kind: "head",
    head,
    body,
    isHttp10: line.isHttp10,
    keepsAlive: keepsAlive(list, line.isHttp10),
    expectsContinue: expectations.length > 0 && !line.isHttp10,
  };
}

/** Reads field lines (of a head or of trailers); a string says what is wrong. */
export function parseFieldLines(lines: readonly string[]): readonly Field[] | string {
  const fields: Field[] = [];
  for (const line of lines) {
    const field = parseFieldLine(line);
    if (typeof field === "string") return field;
    fields.push(field);
  }
  return fields;
}

function parseFieldLine(line: string): Field | string {
  if (line.startsWith(" ") || line.startsWith("\t")) return "folded field line";
  const colon = line.indexOf(":");
  const name = line.slice(0, colon);
  if (colon <= 0 || !isToken(name)) return "invalid field name";
  const value = trimBlanks(line.slice(colon + 1));
  if (!isFieldValue(value)) return `invalid value of "${name}"`;
  return [name.toLowerCase(), value];
}

/** Only SP and HTAB are white space here; `trim()` would take more away, and `/[ \t]+$/` tries anew at each of many blanks. */
function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(character: number): boolean {
  return character === 0x20 || character === 0x09;
}

interface RequestLineParts {
  readonly kind: "line";
  readonly method: string;
  readonly path: string;
  /** From a target in absolute form. */
  readonly authority: string | undefined;
  readonly isHttp10: boolean;
}

function parseRequestLine(line: string): RequestLineParts | RefusedHead {
  const [method = "", target = "", version = "", ...rest] = line.split(" ");
  const digits = versionText.exec(version);
  if (rest.length === 0 && version !== "" && !anyVersionText.test(version)) return refused(0, "not HTTP");
  if (rest.length > 0 || !isToken(method) || !isTarget(target) || !digits) return refused(400, "invalid request line");
  if (digits[1] !== "1") return refused(505, `the version "${version}" is not supported`);
  if (method === "CONNECT") return refused(501, "CONNECT is not supported");
  const isHttp10 = digits[2] === "0";
  if (target.includes("#")) return refused(400, "the request target has a fragment");
  if (target.startsWith("/") || (target === "*" && method === "OPTIONS")) {
    return { kind: "line", method, path: target, authority: undefined, isHttp10 };
  }
  const absolute = absoluteForm.exec(target);
  if (!absolute) return refused(400, "invalid request target");
  const afterHost = absolute[3] ?? "";
  return { kind: "line", method, path: afterHost.startsWith("/") ? afterHost : `/${afterHost}`, authority: absolute[2], isHttp10 };
}

/** RFC 9112 §3.2: exactly one, even if empty, in HTTP/1.1, and a valid one, also beside a target that overrules it. */
function problemOfHost(fields: Fields, isHttp10: boolean): string | undefined {
  const count = countOf(fields, "host");
  if (count > 1) return "more than one Host";
  if (count === 0 && !isHttp10) return "Host is missing";
  return hostText.test(fields.get("host") ?? "") ? undefined : "Host is not valid";
}

/** RFC 9112 §6.1, §6.3. */
function bodyFraming(fields: Fields, isHttp10: boolean): BodyFraming | RefusedHead {
  const lengthText = fields.get("content-length");
  const coding = fields.get("transfer-encoding");
  if (coding !== undefined) {
    if (lengthText !== undefined) return refused(400, "both Content-Length and Transfer-Encoding");
    if (isHttp10) return refused(400, "Transfer-Encoding in HTTP/1.0");
    if (countOf(fields, "transfer-encoding") > 1) return refused(400, "more than one Transfer-Encoding");
    return codingFraming(coding.toLowerCase());
  }
  if (lengthText === undefined) return { kind: "length", sizeBytes: 0 };
  const sizeBytes = parseContentLength(lengthText);
  if (countOf(fields, "content-length") > 1) return refused(400, "more than one Content-Length");
  return sizeBytes === undefined ? refused(400, "invalid Content-Length") : { kind: "length", sizeBytes };
}

/** Without chunked at the end the length is unknown (400); codings before it are understood, or not (501). */
function codingFraming(coding: string): BodyFraming | RefusedHead {
  if (coding === "chunked") return { kind: "chunked" };
  const [last, ...others] = coding.split(",").map(trimBlanks).reverse();
  if (last !== "chunked") return refused(400, `the Transfer-Encoding "${coding}" does not end with "chunked"`);
  if (others.some((one) => one === "chunked" || !isToken(one))) return refused(400, `the Transfer-Encoding "${coding}" is not valid`);
  return refused(501, `the Transfer-Encoding "${coding}" is not supported`);
}

function keepsAlive(fields: Fields, isHttp10: boolean): boolean {
  const options = new Set<string>();
  for (const [name, value] of fields.fields) {
    if (name !== "connection") continue;
    for (const option of value.toLowerCase().split(",")) options.add(trimBlanks(option));
  }
  return !options.has("close") && (!isHttp10 || options.has("keep-alive"));
}

function countOf(fields: Fields, name: string): number {
  let count = 0;
  for (const field of fields.fields) if (field[0] === name) count++;
  return count;
}

function refused(status: number, problem: string): RefusedHead {
  return { kind: "refused", status, problem };
}
