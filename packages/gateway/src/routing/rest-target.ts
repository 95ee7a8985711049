/** What a REST request asks for, from its method and address: parsed once per distinct request head. */
import { isUtf8 } from "node:buffer";
import { failure, type PlatformError } from "@modelyard/core";
import type { RequestHead } from "@modelyard/wire";
import { checkAccept, checkBodyType } from "./media-types.ts";
import { type ModelReference, namespaceHeader, readNamespace } from "./model-reference.ts";

/** Header that says how many bytes of a body are JSON; the rest is binary data. */
export const jsonLengthHeader = "inference-header-content-length";

/** A known address with an allowed method and media types, or why it is refused. */
export type RestTarget =
  | { readonly kind: "live" | "ready" | "server" }
  | { readonly kind: "models"; readonly namespace: string }
  | { readonly kind: "modelMetadata" | "modelReady"; readonly reference: ModelReference }
  | { readonly kind: "infer"; readonly reference: ModelReference; readonly jsonLength: number | undefined }
  | { readonly kind: "refused"; readonly error: PlatformError; readonly allow?: string };

const readMethods = ["GET", "HEAD"];

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
  const address = parseSegments(isScoped ? segments.slice(2) : segments, pathNamespace ?? readNamespace(headerNamespace));
  if (!address) return refuse(failure("ROUTE_NOT_FOUND", { path: shown(head.path) }));
  return refuseMethod(head, address.kind === "infer" ? ["POST"] : readMethods) ?? refuseMediaTypes(head) ?? withJsonLength(head, address);
}

/** What an address alone says. */
type Address =
  | { readonly kind: "live" | "ready" | "server" }
  | { readonly kind: "models"; readonly namespace: string }
  | { readonly kind: "modelMetadata" | "modelReady"; readonly reference: ModelReference }
  | { readonly kind: "infer"; readonly reference: ModelReference };

function refuseMethod({ method, path }: RequestHead, allowed: readonly string[]): RestTarget | undefined {
  if (allowed.includes(method)) return undefined;
  const allow = allowed.join(", ");
  return { kind: "refused", error: failure("METHOD_NOT_ALLOWED", { method, path: shown(path), allow }), allow };
}

function refuseMediaTypes(head: RequestHead): RestTarget | undefined {
  const error = checkAccept(head) ?? (head.method === "POST" ? checkBodyType(head) : undefined);
  return error && refuse(error);
}

function withJsonLength(head: RequestHead, address: Address): RestTarget {
  if (address.kind !== "infer") return address;
  const text = head.get(jsonLengthHeader);
  if (text === undefined) return { ...address, jsonLength: undefined };
  if (/^\d{1,15}$/.test(text)) return { ...address, jsonLength: Number(text) };
  const why = `Inference-Header-Content-Length must be a whole number, got "${shown(text)}"`;
  return refuse(failure("INFERENCE_REQUEST_INVALID", { why }));
}

function parseSegments(segments: readonly string[], namespace: string): Address | undefined {
  const [root, area, ...rest] = segments;
  if (root !== "v2") return undefined;
  if (area === undefined) return { kind: "server" };
  if (area === "health" && rest.length === 1) return parseHealth(rest[0]);
  if (area !== "models") return undefined;
  return rest.length === 0 ? { kind: "models", namespace } : parseModel(rest, namespace);
}

function parseHealth(what: string | undefined): Address | undefined {
  return what === "live" || what === "ready" ? { kind: what } : undefined;
}

/** `NAME[/versions/V][/ready|/infer]`. Clients leave slashes in a name unquoted, so the name is what is left when the rest was taken off. */
function parseModel(segments: readonly string[], namespace: string): Address | undefined {
  const last = segments.at(-1);
  const verb = segments.length > 1 && (last === "ready" || last === "infer") ? last : undefined;
  const named = verb === undefined ? segments : segments.slice(0, -1);
  const hasVersion = named.length > 2 && named.at(-2) === "versions";
  const model = (hasVersion ? named.slice(0, -2) : named).join("/");
  if (model === "") return undefined;
  const reference = { namespace, model, version: hasVersion ? (named.at(-1) ?? "") : "" };
  if (verb === undefined) return { kind: "modelMetadata", reference };
  return { kind: verb === "ready" ? "modelReady" : "infer", reference };
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
