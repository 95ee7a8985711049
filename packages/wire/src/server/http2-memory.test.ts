/** What HTTP/2 makes a server hold: answers that wait for windows, messages that come in pieces, and both for clients that trickle. */
import { type ClientHttp2Stream, connect as connectHttp2 } from "node:http2";
import { systemClock } from "@modelyard/core";
import { type FakeClock, fakeClock } from "@modelyard/core/testing";
import { describe, expect, test } from "vitest";
import { messagePrefix } from "../grpc/message-framing.ts";
import type { Exchange, RequestHandler } from "../message/exchange.ts";
import { responseHead } from "../message/response-head.ts";
import { wholeBody } from "../message/whole-body.ts";
import { startServer, type TestServer } from "../testing/echo-server.ts";
import { grpcEcho } from "../testing/grpc-echo.ts";
import { type RawClient, rawClient } from "../testing/raw-client.ts";
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

describe("clients of HTTP/2 that trickle", () => {
  const post = Buffer.from([0x83, 0x86, 0x84]);
  const everyMs = 5_000;

  interface Trickle {
    readonly running: TestServer;
    readonly client: RawClient;
    readonly clock: FakeClock;
    /** Sends a frame every five seconds until the stream is reset, at most so often; whether it was. */
    readonly sendEach: (frame: Buffer, times: number) => Promise<boolean>;
  }

  async function trickling(onRequest: RequestHandler, first: readonly Buffer[]): Promise<Trickle & AsyncDisposable> {
    const clock = fakeClock();
    const running = await startServer(onRequest, { clock });
    const client = rawClient(running.port, first);
    await expect.poll(() => running.server.inFlight).toBe(1);
    const sendEach = async (frame: Buffer, times: number): Promise<boolean> => {
      for (let count = 0; count < times && client.resetCode(1) === undefined; count++) {
        const pongs = client.frames().filter(({ type }) => type === 6).length;
        client.socket.write(Buffer.concat([frame, rawFrame(6, 0, 0, Buffer.alloc(8))]));
        await expect.poll(() => client.frames().filter(({ type }) => type === 6).length).toBe(pongs + 1);
        await clock.advance(everyMs);
      }
      return client.resetCode(1) !== undefined;
    };
    const dispose = async (): Promise<void> => {
      client[Symbol.dispose]();
      await running.server.close();
    };
    return { running, client, clock, sendEach, [Symbol.asyncDispose]: dispose };
  }

  const collect: RequestHandler = ({ connection }) => wholeBody(64 * megabyte, { onBody() {}, onTooLarge() {} }, connection.buffers);
  const answer: RequestHandler = (exchange) => {
    exchange.respond({ head: ok, body: Buffer.alloc(megabyte) });
    return { onData() {}, onEnd() {}, onAbort() {} };
  };
  const openPost = rawFrame(1, 0x4, 1, post);
  const get = rawFrame(1, 0x5, 1, getBlock);
  const grant = (streamId: number, bytes: number): Buffer => {
    const increment = Buffer.alloc(4);
    increment.writeUInt32BE(bytes);
    return rawFrame(8, 0, streamId, increment);
  };

  test("a body that comes slower than the least rate is cut off, however steadily it comes", async () => {
    await using trickle = await trickling(collect, [openPost]);
    expect(await trickle.sendEach(rawFrame(0, 0, 1, Buffer.alloc(1)), 40)).toBe(true);
    expect(trickle.clock.monotonicMs()).toBeGreaterThanOrEqual(60_000);
    expect(trickle.clock.monotonicMs()).toBeLessThan(130_000);
    expect(trickle.running.server.bufferedBytes).toBe(0);
  });

  test("one that keeps to the least rate is not, nor a stream of messages that takes its time", async () => {
    await using steady = await trickling(collect, [openPost]);
    expect(await steady.sendEach(rawFrame(0, 0, 1, Buffer.alloc(1_000)), 40)).toBe(false);
    await using openEnded = await trickling(() => ({ isOpenEnded: true, onData() {}, onEnd() {}, onAbort() {} }), [openPost]);
    expect(await openEnded.sendEach(rawFrame(0, 0, 1, Buffer.alloc(1)), 40)).toBe(false);
  });

  test.each([
    ["the stream", [grant(0, megabyte)], grant(1, 1)],
    ["the connection", [grant(1, megabyte)], grant(0, 1)],
  ])("an answer for which windows of %s are granted byte by byte is cut off", async (_, before, byteGranted) => {
    await using trickle = await trickling(answer, [get, ...before]);
    expect(await trickle.sendEach(byteGranted, 40)).toBe(true);
    expect(trickle.clock.monotonicMs()).toBeGreaterThanOrEqual(60_000);
    expect(trickle.clock.monotonicMs()).toBeLessThan(130_000);
    expect(trickle.running.server.bufferedBytes).toBe(0);
  });

  test("an answer that is read at the least rate is not", async () => {
    await using trickle = await trickling(answer, [get, grant(0, megabyte)]);
    expect(await trickle.sendEach(grant(1, 1_000), 40)).toBe(false);
  });
});
