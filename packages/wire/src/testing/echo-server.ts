/** A server for tests: echoes bodies, streams, stalls and fails on request. */
import { type Clock, type Log, silentLog, systemClock } from "@modelyard/core";
import type { Exchange, RequestHandler } from "../message/exchange.ts";
import { responseHead, trailers } from "../message/response-head.ts";
import { wholeBody } from "../message/whole-body.ts";
import type { WireLimits } from "../server/limits.ts";
import type { FailedHandshake } from "../server/tls-acceptor.ts";
import type { TlsContext } from "../server/tls-context.ts";
import { createWireServer, type ListenAddress, type WireServer } from "../server/wire-server.ts";

const ok = responseHead(200, [["content-type", "application/octet-stream"]]);

/** A server that listens. */
export interface TestServer extends AsyncDisposable {
  readonly server: WireServer;
  readonly address: ListenAddress;
  /** Port on loopback; 0 for a Unix socket. */
  readonly port: number;
  readonly url: string;
}

/** What a test server is made with. */
export interface TestServerOptions {
  readonly limits?: Partial<WireLimits>;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly address?: ListenAddress;
  readonly tls?: TlsContext;
  readonly onFailedHandshake?: (failed: FailedHandshake) => void;
}

/** Starts a server on a free port of loopback. */
export async function startServer(onRequest: RequestHandler, options: TestServerOptions = {}): Promise<TestServer> {
  const { clock = systemClock(), log = silentLog(), limits = {} } = options;
  const { tls, onFailedHandshake } = options;
  const server = createWireServer(
    { clock, log, limits, ...(tls ? { tls } : {}), ...(onFailedHandshake ? { onFailedHandshake } : {}) },
    onRequest,
  );
  const address = await server.listen(options.address ?? { host: "127.0.0.1", port: 0 });
  const port = "port" in address ? address.port : 0;
  return { server, address, port, url: `${tls ? "https" : "http"}://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => server.close() };
}

/** Answers with the body it was sent, at most 64 MiB. */
export function echo(exchange: Exchange): ReturnType<RequestHandler> {
  return wholeBody(64 * 1024 * 1024, {
    onBody: (body) => exchange.respond({ head: ok, body: new Uint8Array(body) }),
    onTooLarge: () => exchange.respond({ head: responseHead(413) }),
  });
}

/** Passes each piece of the body back as it comes, with flow control both ways, then trailers. */
export function pipe(exchange: Exchange): ReturnType<RequestHandler> {
  const stream = exchange.start(ok);
  let sizeBytes = 0;
  stream.onDrain(() => exchange.resumeBody());
  return {
    onData(chunk) {
      sizeBytes += chunk.length;
      if (!stream.write(new Uint8Array(chunk))) exchange.pauseBody();
    },
    onEnd: () => stream.end(trailers([["x-size", String(sizeBytes)]])),
    onAbort: () => {},
  };
}
