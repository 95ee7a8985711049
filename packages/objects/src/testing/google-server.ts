/** A server that answers as Google Cloud Storage does, and as its token service, which verifies the signature of the assertion itself. */
import { createHash, generateKeyPairSync, type KeyObject, verify } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { type Listening, listening } from "./listening.ts";
import { sendRange } from "./send-range.ts";

/** A running server. */
export interface GoogleServer extends Listening {
  readonly privateKey: string;
  readonly tokenUri: string;
  /** Assertions that were accepted. */
  readonly accepted: readonly unknown[];
}

/** Options of {@link googleServer}. */
export interface GoogleServerOptions {
  readonly objects: ReadonlyMap<string, Buffer>;
  /** Objects a page; default 2. */
  readonly pageSize?: number;
  /** Only requests with a token of this server are answered. */
  readonly isPrivate?: boolean;
  /** Cuts the first body that is longer than this after so many bytes. */
  readonly cutFirstAfter?: number;
}

const token = "ya29.of-the-test";

/** Starts a server with one bucket, `models`. */
export async function googleServer(options: GoogleServerOptions): Promise<GoogleServer> {
  const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const accepted: unknown[] = [];
  let cutAfter = options.cutFirstAfter;
  const server = await listening((request, response) => {
    const url = new URL(request.url ?? "", "http://server");
    if (url.pathname === "/token") return void giveToken({ request, response }, { publicKey: keys.publicKey, accepted });
    if (options.isPrivate && request.headers.authorization !== `Bearer ${token}`) return void response.writeHead(401).end("{}");
    const key = /^\/storage\/v1\/b\/models\/o(?:\/(.+))?$/.exec(url.pathname)?.[1];
    if (key === undefined) return void response.end(JSON.stringify(page(options, url)));
    const name = decodeURIComponent(key);
    const body = options.objects.get(name);
    if (!body) return void response.writeHead(404).end("{}");
    if (url.searchParams.get("alt") !== "media") return void response.end(JSON.stringify(resource(name, body)));
    if (url.searchParams.get("generation") !== "17") return void response.writeHead(404).end();
    sendRange({ request, response }, { body, headers: {}, ...(cutAfter === undefined ? {} : { cutAfter }) });
    if (body.length > (cutAfter ?? Number.POSITIVE_INFINITY)) cutAfter = undefined;
  });
  const privateKey = keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return { ...server, privateKey, tokenUri: `${server.endpoint}/token`, accepted };
}

function page({ objects, pageSize = 2 }: GoogleServerOptions, url: URL): unknown {
  const prefix = url.searchParams.get("prefix") ?? "";
  const start = Number(url.searchParams.get("pageToken") ?? 0);
  const found = [...objects].filter(([name]) => name.startsWith(prefix)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const items = found.slice(start, start + pageSize).map(([name, body]) => resource(name, body));
  return { items, ...(start + pageSize < found.length ? { nextPageToken: String(start + pageSize) } : {}) };
}

function resource(name: string, body: Buffer): unknown {
  return { name, size: String(body.length), generation: "17", md5Hash: createHash("md5").update(body).digest("base64") };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** RFC 7523 §3: signature, audience, and times of the assertion are checked. */
async function giveToken(
  { request, response }: Exchange,
  check: { readonly publicKey: KeyObject; readonly accepted: unknown[] },
): Promise<void> {
  const form = new URLSearchParams(await text(request));
  const [header = "", claims = "", signature = ""] = (form.get("assertion") ?? "").split(".");
  const isSigned = verify("RSA-SHA256", Buffer.from(`${header}.${claims}`), check.publicKey, Buffer.from(signature, "base64url"));
  const value: unknown = JSON.parse(Buffer.from(claims, "base64url").toString());
  const isRight = isSigned && form.get("grant_type") === "urn:ietf:params:oauth:grant-type:jwt-bearer";
  if (!isRight) return void response.writeHead(400).end("{}");
  check.accepted.push(value);
  response.end(JSON.stringify({ access_token: token, expires_in: 3600, token_type: "Bearer" }));
}
