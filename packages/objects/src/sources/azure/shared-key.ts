/**
 * Shared Key authorisation of Azure Storage: an HMAC-SHA256 over method, standard headers, `x-ms-` headers, path and query.
 * (Microsoft, "Authorize with Shared Key", Blob service, version 2015-02-21 and later.)
 */
import { createHmac } from "node:crypto";

/** A request to be signed. */
export interface SignedRequest {
  readonly method: string;
  readonly url: URL;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly account: string;
}

/** Standard headers in the order in which they are signed, after the method. */
const standardHeaders = [
  "content-encoding",
  "content-language",
  "content-length",
  "content-md5",
  "content-type",
  "date",
  "if-modified-since",
  "if-match",
  "if-none-match",
  "if-unmodified-since",
  "range",
];

/** The text that is signed. */
export function stringToSign({ method, url, headers, account }: SignedRequest): string {
  const standard = standardHeaders.map((name) => headers[name] ?? "");
  const own = Object.keys(headers)
    .filter((name) => name.startsWith("x-ms-"))
    .toSorted()
    .map((name) => `${name}:${(headers[name] ?? "").trim()}`);
  return [method, ...standard, ...own, canonicalResource(url, account)].join("\n");
}

function canonicalResource(url: URL, account: string): string {
  const names = [...new Set([...url.searchParams.keys()].map((name) => name.toLowerCase()))].toSorted();
  const values = (wanted: string): string[] =>
    [...url.searchParams].flatMap(([name, value]) => (name.toLowerCase() === wanted ? [value] : [])).toSorted();
  return [`/${account}${url.pathname}`, ...names.map((name) => `${name}:${values(name).join(",")}`)].join("\n");
}

/** The `authorization` header; `key` is the base64 of the account's key. */
export function sharedKeyHeader(request: SignedRequest, key: string): string {
  const signature = createHmac("sha256", Buffer.from(key, "base64")).update(stringToSign(request)).digest("base64");
  return `SharedKey ${request.account}:${signature}`;
}
