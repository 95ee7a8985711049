/**
 * `fetch` for a server that is trusted by its own certificate rather than by the platform's authorities, or that wants one from the client: the platform's
 * `fetch` takes neither. It does what clients of this package need and no more: one request, no redirects.
 */

import type { IncomingMessage } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { Readable } from "node:stream";
import { assert } from "@modelyard/core";

/** The part of `fetch` that clients need; the platform's is one. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** How a client and its server know each other. */
export interface ServerTrust {
  /** Certificates in PEM, each of which is trusted as it is, whoever issued it. Default the platform's authorities. */
  readonly certificateAuthority?: string;
  /** Name in the server's certificate. Default the host of the address. */
  readonly serverName?: string;
  /** Shown to a server that asks for one, in PEM. */
  readonly client?: { readonly certificate: string; readonly key: string };
}

/** A `fetch` by which only servers of this trust are reached, over HTTPS only. */
export function trustingFetch({ certificateAuthority, serverName, client }: ServerTrust): Fetch {
  const options: RequestOptions = {
    agent: false,
    ...(certificateAuthority === undefined ? {} : { ca: certificateAuthority, allowPartialTrustChain: true }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(client ? { cert: client.certificate, key: client.key } : {}),
  };
  return (url, init = {}) => send(url, init, options);
}

function send(url: string, { method = "GET", headers, body, signal }: RequestInit, options: RequestOptions): Promise<Response> {
  return new Promise((resolve, reject) => {
    const fields = Object.fromEntries(new Headers(headers));
    const request = httpsRequest(url, { ...options, method, headers: fields, ...(signal ? { signal } : {}) });
    request.once("response", (answer) => {
      const { statusCode = 0 } = answer;
      if (statusCode < 300 || statusCode >= 400) resolve(responseOf(answer));
      else {
        answer.resume();
        reject(new TypeError("unexpected redirect"));
      }
    });
    request.once("error", reject);
    const sent = body ?? "";
    assert(typeof sent === "string" || sent instanceof Uint8Array, "a body is a text or bytes");
    // Said for every method: Node would send the body of a DELETE without its length.
    if (sent !== "") request.setHeader("content-length", Buffer.byteLength(sent));
    request.end(sent);
  });
}

/** Answers that have no body by their status (RFC 9110 §15). */
const bodiless: readonly (number | undefined)[] = [204, 205, 304];

function responseOf(answer: IncomingMessage): Response {
  const { statusCode: status = 0, headersDistinct } = answer;
  const headers = Object.entries(headersDistinct).flatMap(([name, values = []]) => values.map((value): [string, string] => [name, value]));
  const hasBody = !bodiless.includes(status);
  if (!hasBody) answer.resume();
  // The same class at run time: Node's declarations and the platform's describe it twice.
  return new Response(hasBody ? (Readable.toWeb(answer) as ReadableStream<Uint8Array>) : null, { status, headers });
}
