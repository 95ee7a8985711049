/** What HTTP/2 makes a server hold: answers that wait for windows, and messages that come in pieces. */
import { type ClientHttp2Stream, connect as connectHttp2 } from "node:http2";
import { systemClock } from "@modelyard/core";
import { describe, expect, test } from "vitest";
import { messagePrefix } from "../grpc/message-framing.ts";
import type { Exchange, RequestHandler } from "../message/exchange.ts";
import { responseHead } from "../message/response-head.ts";
import { startServer } from "../testing/echo-server.ts";
import { grpcEcho } from "../testing/grpc-echo.ts";
import { rawClient } from "../testing/raw-client.ts";
import { getBlock, rawFrame } from "../testing/raw-frames.ts";

const megabyte = 1024 * 1024;
const ok = responseHead(200);

describe("memory for answers that wait for windows of HTTP/2", () => {
  const answer = (exchange: Exchange): ReturnType<RequestHandler> => {
    exchange.respond({ head: ok, body: Buffer.alloc(megabyte, "x") });
    return { onData: () => {}, onEnd: () => {}, onAbort: () => {} };
  };
  const windowBytes = 65_535;

  test("counts what waits, and gives it back when the client grants windows, resets the stream or goes away", async () => {
    await using running = await startServer(answer);
    const get = (streamId: number): Buffer => rawFrame(1, 0x5, streamId, getBlock);
    using reader = rawClient(running.port, [get(1), get(3)]);
    await expect.poll(() => running.server.bufferedBytes).toBe(2 * megabyte - windowBytes);
    reader.socket.write(rawFrame(3, 0, 3, Buffer.from([0, 0, 0, 8])));
    await expect.poll(() => running.server.bufferedBytes).toBe(megabyte - windowBytes);
    const more = Buffer.alloc(4);
    more.writeUInt32BE(megabyte);
    reader.socket.write(Buffer.concat([rawFrame(8, 0, 0, more), rawFrame(8, 0, 1, more)]));
    await expect.poll(() => running.server.bufferedBytes).toBe(0);
    using leaver = rawClient(running.port, [get(1)]);
    await expect.poll(() => running.server.bufferedBytes).toBe(megabyte - windowBytes);
    leaver.socket.destroy();
    await expect.poll(() => running.server.bufferedBytes).toBe(0);
  });
});

describe("memory for gRPC messages", () => {
  const call = (message: Buffer, sizeBytes: number): Buffer => Buffer.concat([messagePrefix(sizeBytes), message]);

  test.each(["Unary", "Stream"])("of %s calls counts what has come of them, until they are whole or given up", async (method) => {
    await using running = await startServer(grpcEcho({ clock: systemClock() }));
    const session = connectHttp2(running.url);
    const open = (): ClientHttp2Stream => {
      const headers = { ":method": "POST", ":path": `/test.Echo/${method}`, "content-type": "application/grpc" };
      return session
        .request(headers)
        .on("error", () => {})
        .resume();
    };
    const whole = open();
    whole.write(call(Buffer.alloc(20_000), 50_000));
    await expect.poll(() => running.server.bufferedBytes).toBe(20_000);
    whole.end(Buffer.alloc(30_000));
    await expect.poll(() => running.server.bufferedBytes).toBe(0);
    const cut = open();
    cut.write(call(Buffer.alloc(1_000), 50_000));
    await expect.poll(() => running.server.bufferedBytes).toBe(1_000);
    cut.end();
    await expect.poll(() => running.server.bufferedBytes).toBe(0);
    const left = open();
    left.write(call(Buffer.alloc(1_000), 50_000));
    await expect.poll(() => running.server.bufferedBytes).toBe(1_000);
    left.close();
    await expect.poll(() => running.server.bufferedBytes).toBe(0);
    session.destroy();
  });

  test("is refused with UNAVAILABLE when there is none", async () => {
    await using running = await startServer(grpcEcho({ clock: systemClock() }), { limits: { maxBufferedBytes: 10_000 } });
    const session = connectHttp2(running.url);
    const stream = session.request({ ":method": "POST", ":path": "/test.Echo/Unary", "content-type": "application/grpc" });
    stream.write(call(Buffer.alloc(9_000), 50_000));
    await expect.poll(() => running.server.bufferedBytes).toBe(9_000);
    const status = new Promise((resolve) => stream.on("response", (head) => resolve(head["grpc-status"])));
    stream.write(Buffer.alloc(9_000));
    expect(await status).toBe("14");
    expect(running.server.bufferedBytes).toBe(0);
    session.destroy();
  });
});
