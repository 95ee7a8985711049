/** What all connections of a server together may hold, and peers that only hold on. */
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { fakeClock } from "@modelyard/core/testing";
import { describe, expect, test } from "vitest";
import type { Exchange, RequestHandler } from "../message/exchange.ts";
import { responseHead } from "../message/response-head.ts";
import { wholeBody } from "../message/whole-body.ts";
import { testAuthority } from "../testing/certificates.ts";
import { startServer, type TestServer, type TestServerOptions } from "../testing/echo-server.ts";
import { rawExchange } from "../testing/raw-exchange.ts";
import { createTlsContext } from "./tls-context.ts";

const megabyte = 1024 * 1024;
const ok = responseHead(200);
const get = (path: string, ...lines: string[]): string => [`GET ${path} HTTP/1.1`, "Host: a", ...lines, "", ""].join("\r\n");
const post = (sizeBytes: number): string => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${sizeBytes}\r\n\r\n`;

/** Collects the body within the server's memory and answers with its length. */
function collect(exchange: Exchange): ReturnType<RequestHandler> {
  const handlers = {
    onBody: (body: Uint8Array) => exchange.respond({ head: ok, body: `${body.length} bytes` }),
    onTooLarge: () => exchange.respond({ head: responseHead(413) }),
    onNoRoom: () => exchange.respond({ head: responseHead(503) }),
  };
  return wholeBody(64 * megabyte, handlers, exchange.connection.buffers);
}

interface Client extends Disposable {
  readonly socket: Socket;
  readonly received: () => string;
}

function client(running: TestServer): Client {
  const socket = connect(running.port, "127.0.0.1");
  let received = "";
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => void (received += chunk.toString("latin1")));
  return { socket, received: () => received, [Symbol.dispose]: () => socket.destroy() };
}

describe("memory for bodies of all connections", () => {
  const limits = { maxBufferedBytes: 2 * megabyte };

  test("a body that does not fit is refused, those that are under way go on, and room that was given back is used again", async () => {
    await using running = await startServer(collect, { limits });
    using first = client(running);
    using second = client(running);
    first.socket.write(post(1.5 * megabyte + 1) + "x".repeat(1.5 * megabyte));
    await expect.poll(() => running.server.bufferedBytes).toBe(1.5 * megabyte);
    second.socket.write(post(megabyte) + "x".repeat(megabyte));
    await expect.poll(second.received).toMatch(/^HTTP\/1.1 503/);
    expect(running.server.bufferedBytes).toBe(1.5 * megabyte);
    first.socket.write("x");
    await expect.poll(first.received).toMatch(/200 OK[^]*1572865 bytes$/);
    expect(running.server.bufferedBytes).toBe(0);
  });

  test("what a client held that went away is given back", async () => {
    await using running = await startServer(collect, { limits });
    using first = client(running);
    first.socket.write(post(megabyte) + "x".repeat(1000));
    await expect.poll(() => running.server.bufferedBytes).toBe(1000);
    first.socket.destroy();
    await expect.poll(() => running.server.bufferedBytes).toBe(0);
  });

  test.each(["http/1.1", "h2"])(
    "what was kept of a request that is answered before its body has ended is given back, over %s",
    async (protocol) => {
      const held: Exchange[] = [];
      const keep = (exchange: Exchange): ReturnType<RequestHandler> => {
        held.push(exchange);
        return collect(exchange);
      };
      await using running = await startServer(keep, { limits });
      using one = protocol === "h2" ? http2Body(running) : client(running);
      one.socket.write(protocol === "h2" ? "x".repeat(1000) : post(megabyte) + "x".repeat(1000));
      await expect.poll(() => running.server.bufferedBytes).toBe(1000);
      held[0]?.respond({ head: ok });
      expect(running.server.bufferedBytes).toBe(0);
    },
  );
});

/** A request over HTTP/2 whose body stays open. */
function http2Body(running: TestServer): Disposable & { readonly socket: { write(text: string): void } } {
  const session = connectHttp2(running.url);
  const stream = session.request({ ":method": "POST", ":path": "/" });
  stream.on("error", () => {});
  return { socket: { write: (text) => void stream.write(text) }, [Symbol.dispose]: () => session.destroy() };
}

describe("memory for answers that clients do not read", () => {
  const large = Buffer.alloc(24 * megabyte, "x");
  const answer = (exchange: Exchange): ReturnType<RequestHandler> => {
    exchange.respond({ head: ok, body: exchange.head.path === "/large" ? large : "small" });
    return { onData: () => {}, onEnd: () => {}, onAbort: () => {} };
  };
  const limits = { maxBufferedBytes: megabyte };

  test("while it is used up new requests are refused with when to come again; once it is read they are served", async () => {
    await using running = await startServer(answer, { limits });
    using reader = client(running);
    reader.socket.pause();
    reader.socket.write(get("/large"));
    await expect.poll(() => running.server.bufferedBytes).toBeGreaterThan(megabyte);
    const refused = await rawExchange(running.address, [get("/small")], false);
    expect(refused).toMatch(/^HTTP\/1.1 503 [^]*retry-after: 1\r\n[^]*at most 1048576 are allowed/);
    expect(await codeOverHttp2(running)).toBe("NGHTTP2_ENHANCE_YOUR_CALM");
    reader.socket.resume();
    await expect.poll(() => running.server.bufferedBytes).toBe(0);
    expect(await rawExchange(running.address, [get("/small", "Connection: close")], false)).toMatch(/small$/);
  });

  test("what a client left unread that went away is given back", async () => {
    await using running = await startServer(answer, { limits });
    using reader = client(running);
    reader.socket.pause();
    reader.socket.write(get("/large"));
    await expect.poll(() => running.server.bufferedBytes).toBeGreaterThan(megabyte);
    reader.socket.destroy();
    await expect.poll(() => running.server.bufferedBytes).toBe(0);
  });

  async function codeOverHttp2(running: TestServer): Promise<string> {
    const session = connectHttp2(running.url);
    const stream = session.request({ ":path": "/small" });
    const message = await new Promise<string>((resolve) => stream.on("error", (error) => resolve(error.message)));
    session.destroy();
    return /NGHTTP2_\w+/.exec(message)?.[0] ?? message;
  }

  test("over TLS counts twice, since it is also there encrypted", async () => {
    const { certificate, key } = testAuthority().issue({ commonName: "a" });
    const answer: RequestHandler = (exchange) => {
      exchange.respond({ head: ok, body: new Uint8Array(16 * megabyte) });
      return { onData() {}, onEnd() {}, onAbort() {} };
    };
    const heldWith = async (options: TestServerOptions, open: (port: number) => Socket): Promise<number> => {
      await using running = await startServer(answer, options);
      const socket = open(running.port).on("error", () => {});
      socket.pause();
      socket.write(get("/"));
      await expect.poll(() => running.server.bufferedBytes).toBeGreaterThan(8 * megabyte);
      const held = running.server.bufferedBytes;
      socket.destroy();
      await expect.poll(() => running.server.bufferedBytes).toBe(0);
      return held;
    };
    const options = { tls: createTlsContext({ certificate, key }) };
    const secure = await heldWith(options, (port) => connectTls({ port, rejectUnauthorized: false }));
    expect(secure).toBeGreaterThanOrEqual(2 * 16 * megabyte);
    expect(await heldWith({}, (port) => connect(port, "127.0.0.1"))).toBeLessThanOrEqual(17 * megabyte);
  });
});

describe("clients that trickle", () => {
  test("a body that comes slower than the least rate is cut off, however steadily it comes", async () => {
    const clock = fakeClock();
    await using running = await startServer(collect, { clock });
    using slow = client(running);
    let isClosed = false;
    slow.socket.on("close", () => (isClosed = true));
    slow.socket.write(post(megabyte));
    for (let sent = 1; !isClosed && sent < 40; sent++) {
      slow.socket.write("x");
      await expect.poll(() => isClosed || running.server.bufferedBytes === sent).toBe(true);
      await clock.advance(5_000);
    }
    await expect.poll(() => isClosed).toBe(true);
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(60_000);
    expect(clock.monotonicMs()).toBeLessThan(130_000);
  });

  test("one that keeps to the least rate is not", async () => {
    const clock = fakeClock();
    await using running = await startServer(collect, { clock });
    using steady = client(running);
    const piece = "x".repeat(1_000);
    steady.socket.write(post(40 * piece.length));
    for (let sent = 1; sent <= 40; sent++) {
      steady.socket.write(piece);
      if (sent < 40) await expect.poll(() => running.server.bufferedBytes).toBe(sent * piece.length);
      await clock.advance(5_000);
    }
    await expect.poll(steady.received).toMatch(/200 OK[^]*40000 bytes$/);
  });
});

describe("old connections", () => {
  const limits = { maxConnectionAgeMs: 10_000, maxConnectionAgeGraceMs: 5_000 };
  const noBody = { onData: () => {}, onEnd: () => {}, onAbort: () => {} };

  test("of HTTP/1.1: the next answer says that it is the last", async () => {
    const clock = fakeClock();
    await using running = await startServer(collect, { clock, limits });
    using one = client(running);
    one.socket.write(get("/a"));
    await expect.poll(one.received).toMatch(/200 OK/);
    expect(one.received()).not.toContain("connection: close");
    await clock.advance(12_000);
    one.socket.write(get("/b"));
    await expect.poll(one.received).toMatch(/200 OK[^]*200 OK[^]*connection: close/);
    await expect.poll(() => running.server.connectionCount).toBe(0);
  });

  test("of HTTP/2: the client is told to go, and its request in flight is answered", async () => {
    const clock = fakeClock();
    const held: Exchange[] = [];
    await using running = await startServer(
      (exchange) => {
        held.push(exchange);
        return noBody;
      },
      { clock, limits },
    );
    const session = connectHttp2(running.url);
    const status = new Promise<unknown>((resolve) => session.request({ ":path": "/" }).on("response", (head) => resolve(head[":status"])));
    const goAway = new Promise<number>((resolve) => session.on("goaway", resolve));
    await expect.poll(() => held.length).toBe(1);
    await clock.advance(12_000);
    expect(await goAway).toBe(0);
    held[0]?.respond({ head: ok });
    expect(await status).toBe(200);
    await expect.poll(() => running.server.connectionCount).toBe(0);
    session.destroy();
  });

  test("with a request that takes longer than the grace are closed", async () => {
    const clock = fakeClock();
    const { promise: aborted, resolve } = Promise.withResolvers<string>();
    await using running = await startServer(
      (exchange) => {
        exchange.onAbort((error) => resolve(error.reason));
        return noBody;
      },
      { clock, limits },
    );
    using one = client(running);
    one.socket.write(get("/"));
    await expect.poll(() => running.server.inFlight).toBe(1);
    await clock.advance(20_000);
    expect(await aborted).toBe("EXCHANGE_CANCELLED");
  });
});
