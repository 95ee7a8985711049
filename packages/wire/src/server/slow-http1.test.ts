/** Clients of HTTP/1.1 that are slow, leave early or close half of their connection. */
import { connect, type Socket } from "node:net";
import { fakeClock } from "@modelyard/core/testing";
import { describe, expect, test } from "vitest";
import type { Exchange } from "../message/exchange.ts";
import { responseHead } from "../message/response-head.ts";
import { echo, startServer, type TestServer } from "../testing/echo-server.ts";

const noBody = { onData: () => {}, onEnd: () => {}, onAbort: () => {} };
const ok = responseHead(200);
const get = (path: string, ...lines: string[]): string => [`GET ${path} HTTP/1.1`, "Host: a", ...lines, "", ""].join("\r\n");

interface RawClient {
  readonly socket: Socket;
  readonly closed: Promise<string>;
}

/** `closed`: everything that was received, once the server has closed. */
function rawClient(running: TestServer): RawClient {
  const socket = connect({ port: running.port, host: "127.0.0.1", allowHalfOpen: true });
  let received = "";
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => void (received += chunk.toString("latin1")));
  const closed = new Promise<string>((resolve) => {
    socket.on("end", () => socket.end());
    socket.on("close", () => resolve(received));
  });
  return { socket, closed };
}

describe("HTTP/1.1 server and a client that reads slowly", () => {
  test("the last answer of a connection is sent whole, however long the client takes to read it", async () => {
    const clock = fakeClock();
    const body = Buffer.alloc(24 * 1024 * 1024, "x");
    await using running = await startServer(
      (exchange) => {
        exchange.respond({ head: ok, body });
        return noBody;
      },
      { clock },
    );
    const { socket, closed } = rawClient(running);
    socket.pause();
    socket.write(get("/", "Connection: close"));
    await expect.poll(() => running.server.inFlight + running.server.connectionCount).toBe(1);
    await clock.advance(30_000);
    socket.resume();
    expect((await closed).length).toBeGreaterThan(body.length);
  });

  test("one that never reads the last answer is cut off after the stall limit", async () => {
    const clock = fakeClock();
    await using running = await startServer(
      (exchange) => {
        exchange.respond({ head: ok, body: Buffer.alloc(24 * 1024 * 1024) });
        return noBody;
      },
      { clock },
    );
    const { socket } = rawClient(running);
    socket.pause();
    socket.write(get("/", "Connection: close"));
    await expect.poll(() => running.server.connectionCount).toBe(1);
    while (running.server.connectionCount > 0 && clock.monotonicMs() < 100_000) await clock.advance(1_000);
    expect(clock.monotonicMs()).toBeGreaterThan(59_000);
    expect(clock.monotonicMs()).toBeLessThan(70_000);
    socket.destroy();
  });

  test("an answer larger than the limit on waiting output is sent when nothing else waits", async () => {
    const body = Buffer.alloc(3 * 1024 * 1024, "x");
    await using running = await startServer(
      (exchange) => {
        exchange.respond({ head: ok, body });
        return noBody;
      },
      { limits: { maxOutputBytes: 1024 * 1024 } },
    );
    const { socket, closed } = rawClient(running);
    socket.write(get("/") + get("/", "Connection: close"));
    expect((await closed).length).toBeGreaterThan(2 * body.length);
  });
});

describe("HTTP/1.1 server and a client that ends its side", () => {
  test("a request whose answer is not ready is aborted, and what was sent behind it is not begun", async () => {
    const begun: string[] = [];
    const { promise: aborted, resolve } = Promise.withResolvers<string>();
    await using running = await startServer((exchange) => {
      begun.push(exchange.head.path);
      exchange.onAbort((error) => resolve(error.reason));
      return noBody;
    });
    const { socket, closed } = rawClient(running);
    socket.end(get("/waits") + get("/next"));
    expect(await aborted).toBe("EXCHANGE_CANCELLED");
    expect(await closed).toBe("");
    expect(begun).toEqual(["/waits"]);
    expect(running.server.inFlight).toBe(0);
  });

  test("requests that are answered at once get their answers", async () => {
    await using running = await startServer(echo);
    const { socket, closed } = rawClient(running);
    socket.end(get("/a") + get("/b"));
    expect((await closed).match(/200 OK/g)).toHaveLength(2);
  });

  test("an answer under way is finished", async () => {
    const held: Exchange[] = [];
    await using running = await startServer((exchange) => {
      held.push(exchange);
      const stream = exchange.start(ok);
      stream.write(Buffer.from("first"));
      setImmediate(() => setImmediate(() => stream.end()));
      return noBody;
    });
    const { socket, closed } = rawClient(running);
    socket.end(get("/"));
    expect(await closed).toMatch(/first\r\n0\r\n\r\n$/);
    expect(held).toHaveLength(1);
  });

  test("an answer that is a stream without an end of its own is given up", async () => {
    const { promise: aborted, resolve } = Promise.withResolvers<string>();
    await using running = await startServer((exchange) => {
      exchange.onAbort((error) => resolve(error.reason));
      exchange.start(ok).write(Buffer.from("first"));
      return { ...noBody, isOpenEnded: true };
    });
    const { socket, closed } = rawClient(running);
    socket.end(get("/"));
    expect(await aborted).toBe("EXCHANGE_CANCELLED");
    expect(await closed).toMatch(/first\r\n$/);
    expect(running.server.inFlight).toBe(0);
  });
});

describe("HTTP/1.1 server and a head in two parts", () => {
  const [first, second] = ["GET /b HTTP/1.1\r\nHo", "st: a\r\nConnection: close\r\n\r\n"] as const;

  test("has its time from its own first byte on, on a connection that was idle before", async () => {
    const clock = fakeClock();
    await using running = await startServer(echo, { clock });
    const { socket, closed } = rawClient(running);
    const answered = (): Promise<unknown> => new Promise((resolve) => socket.once("data", resolve));
    socket.write(get("/idle"));
    await answered();
    await clock.advance(100_000);
    // The answer says that what was sent with its request was read, too.
    socket.write(get("/a") + first);
    await answered();
    await clock.advance(2_000);
    socket.write(second);
    expect((await closed).match(/HTTP\/1.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 200"]);
  });
});
