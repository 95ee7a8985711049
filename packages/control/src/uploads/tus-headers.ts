/** Headers of the tus resumable upload protocol 1.0.0, read strictly. */
import { failure } from "@modelyard/core";
import type { UploadRequest } from "@modelyard/objects";

/** The version that is spoken. */
export const tusVersion = "1.0.0";
/** Extensions that are spoken: https://tus.io/protocols/resumable-upload#protocol-extensions. */
export const tusExtensions = "creation,expiration,termination";
/** Media type of a piece. */
export const pieceMediaType = "application/offset+octet-stream";

/** Headers as the server has them. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Throws `UPLOAD_VERSION_UNSUPPORTED` unless the client speaks our version. */
export function checkTusVersion(headers: RequestHeaders): void {
  const version = headers["tus-resumable"];
  if (version !== tusVersion)
    throw failure("UPLOAD_VERSION_UNSUPPORTED", { version: typeof version === "string" ? version : "none", wanted: tusVersion });
}

/** A header that is a count of bytes and must be there. */
export function byteCount(headers: RequestHeaders, name: string): number {
  const text = headers[name.toLowerCase()];
  const value = typeof text === "string" && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  if (value === undefined) throw failure("INVALID_ARGUMENT", { what: `The header ${name} is not a number of bytes` });
  return value;
}

const maxMetadataLength = 8_192;

/** What a creation announces. */
export function uploadRequest(headers: RequestHeaders): UploadRequest {
  if (headers["upload-defer-length"] !== undefined)
    throw failure("INVALID_ARGUMENT", { what: "The length of an upload must be announced: Upload-Defer-Length is not supported" });
  const lengthBytes = byteCount(headers, "Upload-Length");
  const metadata = headers["upload-metadata"];
  if (typeof metadata !== "string" || metadata === "") return { lengthBytes };
  const name = parseMetadata(metadata).get("filename");
  return { lengthBytes, metadata, ...(name === undefined ? {} : { name }) };
}

/** `key base64, key base64, key`: values are base64, keys are unique. */
function parseMetadata(text: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  const refused = failure("INVALID_ARGUMENT", { what: "The header Upload-Metadata is not a list of keys and base64 values" });
  if (text.length > maxMetadataLength) throw refused;
  for (const pair of text.split(",")) {
    const [, key, value = ""] = /^ *([^ ,]+)(?: ([A-Za-z0-9+/]*={0,2}))? *$/.exec(pair) ?? [];
    if (key === undefined || pairs.has(key)) throw refused;
    pairs.set(key, Buffer.from(value, "base64").toString("utf8"));
  }
  return pairs;
}
