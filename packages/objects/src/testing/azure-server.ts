/**
 * A server that answers as Azure Blob Storage does. It verifies Shared Key signatures by the published rules, written out here from the request as it came over
 * the wire, apart from the code under test.
 */
import { createHash, createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type Listening, listening } from "./listening.ts";
import { sendRange } from "./send-range.ts";

/** Options of {@link azureServer}. */
export interface AzureServerOptions {
  readonly blobs: ReadonlyMap<string, Buffer>;
  /** Base64 of the account's key; without it everybody may read. */
  readonly key?: string;
  /** Value of `sig` that is wanted in every address. */
  readonly signature?: string;
}

/** Starts a server with one account, `account`, and one container, `models`; a page has two blobs. */
export function azureServer(options: AzureServerOptions): Promise<Listening> {
  const { blobs, key, signature } = options;
  return listening((request, response) => {
    const url = new URL(request.url ?? "", "http://server");
    const isAllowed = key === undefined || request.headers.authorization === `SharedKey account:${expectedSignature(request, key)}`;
    if (!isAllowed || (signature !== undefined && url.searchParams.get("sig") !== signature)) return void response.writeHead(403).end();
    const name = decodeURIComponent(url.pathname.replace(/^\/account\/models\/?/, ""));
    if (name === "") return void response.end(pageXml(blobs, url));
    const body = blobs.get(name);
    if (!body) return void response.writeHead(404).end();
    const etag = etagOf(body);
    if ((request.headers["if-match"] ?? etag) !== etag) return void response.writeHead(412).end();
    sendRange({ request, response }, { body, headers: { etag } });
  });
}

function etagOf(body: Buffer): string {
  return `"0x${createHash("sha1").update(body).digest("hex").slice(0, 15).toUpperCase()}"`;
}

function expectedSignature({ method = "", url = "", headers }: IncomingMessage, key: string): string {
  const [path = "", query = ""] = url.split("?");
  const one = (name: string): string => String(headers[name] ?? "");
  const lines = [method, "", "", "", "", "", "", "", one("if-match"), "", "", one("range")];
  lines.push(`x-ms-date:${one("x-ms-date")}`, `x-ms-version:${one("x-ms-version")}`, `/account${path}`);
  const pairs =
    query === "" ? [] : query.split("&").map((pair) => pair.split("=").map((part) => decodeURIComponent(part.replaceAll("+", " "))));
  for (const [name = "", value = ""] of pairs.toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1))) lines.push(`${name}:${value}`);
  return createHmac("sha256", Buffer.from(key, "base64")).update(lines.join("\n"), "utf8").digest("base64");
}

function pageXml(blobs: ReadonlyMap<string, Buffer>, url: URL): string {
  const prefix = url.searchParams.get("prefix") ?? "";
  const start = Number(url.searchParams.get("marker") ?? 0);
  const names = [...blobs.keys()].filter((name) => name.startsWith(prefix)).toSorted();
  const entries = names.slice(start, start + 2).map((name) => {
    const body = blobs.get(name) ?? Buffer.alloc(0);
    const md5 = createHash("md5").update(body).digest("base64");
    const escaped = name.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    return `<Blob><Name>${escaped}</Name><Properties><Content-Length>${body.length}</Content-Length><Etag>${etagOf(body).slice(1, -1)}</Etag><Content-MD5>${md5}</Content-MD5></Properties></Blob>`;
  });
  const next = start + 2 < names.length ? `<NextMarker>${start + 2}</NextMarker>` : "<NextMarker />";
  return `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="x"><Blobs>${entries.join("")}</Blobs>${next}</EnumerationResults>`;
}
