/** What a REST request asks for, from its method and address: parsed once per distinct request head. */
import { isUtf8 } from "node:buffer";
import { failure, PlatformError } from "@modelyard/core";
import type { RequestHead } from "@modelyard/wire";
import { endpoints } from "../rest/endpoints.ts";
import { acceptedCodingOf, bodyCodingOf, type ContentCoding } from "./content-coding.ts";
import { checkAccept, checkBodyType } from "./media-types.ts";
import { namespaceHeader, readNamespace } from "./model-reference.ts";
import { parseRestAddress, type RestAddress } from "./rest-address.ts";

/** Header that says how many bytes of a body are JSON; the rest is binary data. */
export const jsonLengthHeader = "inference-header-content-length";

/** How bodies of a request and its answer are coded. */
export interface Codings {
  readonly bodyCoding: ContentCoding;
  readonly answerCoding: ContentCoding;
}

type AnsweredAddress = Exclude<RestAddress, { readonly kind: "unsupported" }>;

/** What a request asks for that is answered. */
export type AnsweredTarget = AnsweredAddress &
  Codings & {
    /** Bytes of an inference's body that are JSON; undefined: all of it. */
    readonly jsonLength: number | undefined;
  };

/** A known address with an allowed method, media types and codings, or why it is refused. */
export type RestTarget = AnsweredTarget | { readonly kind: "refused"; readonly error: PlatformError; readonly allow?: string };

/** Parses an address. Names are percent-decoded after it was split, so a quoted slash stays part of its name. */
export function parseRestTarget(head: RequestHead): RestTarget {
  const segments = splitPath(head.path);
  if (!segments) return refuse(failure("INVALID_ARGUMENT", { what: `The address "${shown(head.path)}" is not percent-encoded correctly` }));
  const isScoped = segments[0] === "ns" && segments.length >= 2;
  const headerNamespace = head.get(namespaceHeader);
  const pathNamespace = isScoped ? segments[1] : undefined;
  if (pathNamespace !== undefined && headerNamespace !== undefined && pathNamespace !== headerNamespace) {
    return refuse(failure("NAMESPACE_CONTRADICTED", { path: pathNamespace, header: headerNamespace }));
  }
  const address = parseRestAddress(isScoped ? segments.slice(2) : segments, pathNamespace ?? readNamespace(headerNamespace));
  if (!address) return refuse(failure("ROUTE_NOT_FOUND", { path: shown(head.path) }));
  if (address.kind === "unsupported") return refuse(failure("UNIMPLEMENTED", { what: address.what }));
  return refuseMethod(head, endpoints[address.kind].method) ?? refuseMediaTypes(head) ?? complete(head, address);
}

/** HEAD is answered wherever GET is, without a body. */
function refuseMethod({ method, path }: RequestHead, allowed: "GET" | "POST"): RestTarget | undefined {
  if (method === allowed || (method === "HEAD" && allowed === "GET")) return undefined;
  const allow = allowed === "GET" ? "GET, HEAD" : allowed;
  return { kind: "refused", error: failure("METHOD_NOT_ALLOWED", { method, path: shown(path), allow }), allow };
}

function refuseMediaTypes(head: RequestHead): RestTarget | undefined {
  const error = checkAccept(head) ?? (head.method === "POST" ? checkBodyType(head) : undefined);
  return error && refuse(error);
}

function complete(head: RequestHead, address: AnsweredAddress): RestTarget {
  const jsonLength = address.kind === "infer" ? jsonLengthOf(head) : undefined;
  if (PlatformError.is(jsonLength)) return refuse(jsonLength);
  const bodyCoding = bodyCodingOf(head);
  if (PlatformError.is(bodyCoding)) return refuse(bodyCoding);
  const answerCoding = acceptedCodingOf(head);
  if (answerCoding) return { ...address, jsonLength, bodyCoding, answerCoding };
  return refuse(failure("NOT_ACCEPTABLE", { actual: head.get("accept-encoding") ?? "", expected: "gzip, deflate or identity" }));
}

function jsonLengthOf(head: RequestHead): number | undefined | PlatformError {
  const text = head.get(jsonLengthHeader);
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  return failure("INFERENCE_REQUEST_INVALID", { why: `Inference-Header-Content-Length must be a whole number, got "${shown(text)}"` });
}

/**
 * Decoded segments, without the query and one slash at the end; undefined when an escape is malformed. Bytes beyond ASCII, which wire hands
 * out as Latin-1, are UTF-8 that a client left unquoted, as curl does.
 */
function splitPath(path: string): string[] | undefined {
  const query = path.indexOf("?");
  const bytes = Buffer.from(query < 0 ? path : path.slice(0, query), "latin1");
  if (!isUtf8(bytes)) return undefined;
  const plain = bytes.toString("utf8").replace(/^\//, "").replace(/\/$/, "");
  try {
    return plain.split("/").map(decodeURIComponent);
  } catch {
    // URIError, the only one it throws.
    return undefined;
  }
}

function refuse(error: PlatformError): RestTarget {
  return { kind: "refused", error };
}

const longestShown = 200;

function shown(path: string): string {
  return path.length > longestShown ? `${path.slice(0, longestShown)}…` : path;
}
