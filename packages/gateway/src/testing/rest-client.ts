/** A REST client of Node's own for the tests: every header and status as it came. */
import { type Agent, type IncomingHttpHeaders, request } from "node:http";

/** A request. */
export interface RestRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Objects are sent as JSON. */
  readonly body?: object | Uint8Array | string;
  /** Keeps connections between requests. Default none: each request has its own. */
  readonly agent?: Agent;
}

/** An answer. */
export interface RestAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** The body read as JSON; undefined when it is none. */
  readonly json: unknown;
}

/** Sends a request to a server on loopback. */
export function send(port: number, path: string, options: RestRequest = {}): Promise<RestAnswer> {
  const { method = options.body === undefined ? "GET" : "POST", headers = {}, body, agent = false } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port, path, method, headers, agent }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, bytes, json: parse(bytes) });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(bytesOf(body));
  });
}

function bytesOf(body: RestRequest["body"]): Uint8Array | string {
  if (body === undefined) return "";
  return body instanceof Uint8Array || typeof body === "string" ? body : JSON.stringify(body);
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    // Not JSON, as binary answers are.
    return undefined;
  }
}
