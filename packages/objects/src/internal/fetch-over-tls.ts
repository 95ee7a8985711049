/** One request under certificates of the caller's, which `fetch` cannot be given: by `node:https`, with the answer as `fetch` gives it. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { rootCertificates } from "node:tls";
import type { SourceTls } from "../contract.ts";

/** A request. */
export interface TlsRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: SourceTls;
  readonly signal: AbortSignal;
}

/** Sends it on a connection of its own. Redirects are not followed. */
export async function fetchOverTls(url: URL, { method, headers, tls, signal }: TlsRequest): Promise<Response> {
  const { certificate, clientCertificate, clientKey } = tls;
  const sent = request(url, {
    method,
    headers,
    signal,
    agent: false,
    ...(certificate === undefined ? {} : { ca: [...rootCertificates, certificate] }),
    ...(clientCertificate === undefined || clientKey === undefined ? {} : { cert: clientCertificate, key: clientKey.reveal() }),
  });
  sent.end();
  // The event "response" has one argument, the message.
  const [message] = (await once(sent, "response")) as [IncomingMessage];
  return answerOf(message, method);
}

function answerOf(message: IncomingMessage, method: string): Response {
  const { statusCode = 0, headersDistinct } = message;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct)) for (const value of values) headers.append(name, value);
  const isBodiless = method === "HEAD" || statusCode === 204 || statusCode === 304;
  if (isBodiless) message.resume();
  return new Response(isBodiless ? null : (Readable.toWeb(message) as ReadableStream<Uint8Array>), { status: statusCode, headers });
}
