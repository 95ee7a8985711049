/** Answers a request for bytes with all of them or with the range that was asked for. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** Sends `body`; `cutAfter` ends the connection after so many bytes of the answer. */
export function sendRange(
  exchange: { readonly request: IncomingMessage; readonly response: ServerResponse },
  what: { readonly body: Buffer; readonly headers: Readonly<Record<string, string>>; readonly cutAfter?: number },
): void {
  const { request, response } = exchange;
  const { body, headers, cutAfter = Number.POSITIVE_INFINITY } = what;
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const part = body.subarray(start);
  const range = start > 0 ? { "content-range": `bytes ${start}-${body.length - 1}/${body.length}` } : {};
  response.writeHead(start > 0 ? 206 : 200, { ...headers, ...range, "content-length": String(part.length) });
  if (request.method === "HEAD") response.end();
  else if (part.length <= cutAfter) response.end(part);
  else response.write(part.subarray(0, cutAfter), () => response.destroy());
}
