/** Clients of HTTP/1.1 that are slow, leave early or close half of their connection. */
import { connect, type Socket } from "node:net";
import { fakeClock } from "@modelyard/core/testing";
import { describe, expect, test } from "vitest";
import { responseHead } from "../message/response-head.ts";
import { startServer, type TestServer } from "../testing/echo-server.ts";

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
