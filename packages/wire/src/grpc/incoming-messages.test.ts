import { randomBytes } from "node:crypto";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { gzipSync } from "node:zlib";
import { type PlatformError, systemClock } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../testing/echo-server.ts";
import { grpcEcho } from "../testing/grpc-echo.ts";
import { framedMessage, messagePrefix } from "./message-framing.ts";
import { grpcStreaming } from "./streaming.ts";

const clock = systemClock();

interface Status {
  readonly status: unknown;
  readonly message: unknown;
}

/** Sends a body in the given pieces; resolves with the status, wherever it is. */
async function statusOf(running: TestServer, path: string, pieces: readonly Uint8Array[]): Promise<Status> {
  const session = connect(running.url);
  try {
    const stream = open(session, path);
    const fields = new Promise<Status>((resolve) => {
      const take = (head: Readonly<Record<string, unknown>>): void => {
        if (head["grpc-status"] !== undefined) resolve({ status: head["grpc-status"], message: head["grpc-message"] });
      };
      stream.on("response", take).on("trailers", take);
    });
    stream.resume();
    for (const piece of pieces) stream.write(piece);
    stream.end();
    return await fields;
  } finally {
    session.destroy();
  }
}

function open(session: ClientHttp2Session, path: string, headers: Readonly<Record<string, string>> = {}): ClientHttp2Stream {
  const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc", ...headers });
  return stream.on("error", () => {});
}

const one = framedMessage(Buffer.from("one"));

describe("a unary call", () => {
  it.each([
    ["no message", [], "the message is missing"],
    ["a second message before it is answered", [Buffer.concat([one, one])], "a unary call has one message"],
    ["a message that is cut short", [one.subarray(0, 7)], "the last message is cut short"],
    ["a prefix that is cut short", [one.subarray(0, 3)], "the last message is cut short"],
    ["bytes behind its message", [Buffer.concat([one, Buffer.from([0, 0])])], "the last message is cut short"],
    ["a message whose flag is neither 0 nor 1", [Buffer.concat([Buffer.from([2]), one.subarray(1)])], "the flag byte is 2"],
  ])("with %s is refused with INTERNAL", async (_, pieces, problem) => {
    await using running = await startServer(grpcEcho({ clock }));
    const { status, message } = await statusOf(running, "/test.Echo/Hang", pieces);
    expect(status).toBe("13");
    expect(message).toContain(problem);
  });

  it("that is answered at once is answered, whatever follows its message", async () => {
    await using running = await startServer(grpcEcho({ clock }));
    expect(await statusOf(running, "/test.Echo/Unary", [Buffer.concat([one, one])])).toMatchObject({ status: "0" });
  });

  it("that is answered while the beginning of another message lies behind its own keeps no memory for that", async () => {
    await using running = await startServer(grpcEcho({ clock }));
    const begun = framedMessage(Buffer.alloc(100)).subarray(0, 50);
    expect(await statusOf(running, "/test.Echo/Unary", [Buffer.concat([one, begun])])).toMatchObject({ status: "0" });
    expect(running.server.bufferedBytes).toBe(0);
  });
});

describe("a unary call whose message does not come", () => {
  const waiting = async (running: TestServer): Promise<{ readonly stream: ClientHttp2Stream; readonly end: () => void }> => {
    const session = connect(running.url);
    const stream = open(session, "/test.Echo/Unary", { "grpc-timeout": "2S" });
    stream.write(one.subarray(0, 6));
    return { stream, end: () => session.destroy() };
  };

  it("ends with DEADLINE_EXCEEDED when its deadline has passed", async () => {
    const time = fakeClock();
    await using running = await startServer(grpcEcho({ clock: time }));
    const { stream, end } = await waiting(running);
    const head = new Promise<Readonly<Record<string, unknown>>>((resolve) => stream.on("response", resolve));
    await expect.poll(() => time.pending).toBe(1);
    await time.advance(2_000);
    expect(await head).toMatchObject({ "grpc-status": "4" });
    end();
  });

  it("keeps no timer when its client goes away, or the message has come after all", async () => {
    const time = fakeClock();
    await using running = await startServer(grpcEcho({ clock: time }));
    const first = await waiting(running);
    await expect.poll(() => time.pending).toBe(1);
    first.end();
    await expect.poll(() => time.pending).toBe(0);
    const second = await waiting(running);
    await expect.poll(() => time.pending).toBe(1);
    second.stream.end(one.subarray(6));
    await expect.poll(() => time.pending).toBe(0);
    second.end();
  });
});

describe("a stream", () => {
  it("that is cut inside a message is refused with INTERNAL, and its handler is told", async () => {
    const told: string[] = [];
    const onBroken = (error: PlatformError): void => void told.push(error.reason);
    await using running = await startServer((exchange) =>
      grpcStreaming(exchange, {
        clock,
        maxMessageBytes: 1000,
        onCall: () => ({ onMessage() {}, onEnd: () => told.push("end"), onBroken }),
      }),
    );
    expect(await statusOf(running, "/", [one, one.subarray(0, 6)])).toMatchObject({ status: "13" });
    expect(await statusOf(running, "/", [one, Buffer.from([7, 0, 0, 0, 0])])).toMatchObject({ status: "13" });
    expect(told).toEqual(["GRPC_MALFORMED", "GRPC_MALFORMED"]);
  });

  it("keeps its order, large compressed messages among small ones, and ends when all of them are read", async () => {
    await using running = await startServer(grpcEcho({ clock }));
    const session = connect(running.url);
    const stream = open(session, "/test.Echo/Stream", { "grpc-encoding": "gzip", "grpc-accept-encoding": "identity" });
    const received: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => received.push(chunk));
    const trailers = new Promise<Readonly<Record<string, unknown>>>((resolve) => stream.on("trailers", resolve));
    const expected: Buffer[] = [];
    for (let index = 0; index < 40; index++) {
      const message = Buffer.alloc(index % 4 === 0 ? 100_000 + index : index, String.fromCharCode(65 + index));
      const isCompressed = index % 2 === 0;
      expected.push(framedMessage(message));
      stream.write(framedMessage(isCompressed ? gzipSync(message) : message, isCompressed));
    }
    stream.end();
    expect(await trailers).toMatchObject({ "grpc-status": "0", "x-done": "yes" });
    expect(Buffer.concat(received).equals(Buffer.concat(expected))).toBe(true);
    session.destroy();
  });

  it("that is given up while a message is inflated gives its memory back", async () => {
    await using running = await startServer(grpcEcho({ clock }));
    const session = connect(running.url);
    const packed = gzipSync(Buffer.alloc(8_000_000));
    const stream = open(session, "/test.Echo/Unary", { "grpc-encoding": "gzip" });
    stream.write(Buffer.concat([messagePrefix(packed.length, true), packed]));
    await expect.poll(() => running.server.inFlight).toBe(1);
    session.destroy();
    await expect.poll(() => running.server.bufferedBytes + running.server.connectionCount).toBe(0);
  });

  it("with a large message that is not what it says ends with INTERNAL", async () => {
    await using running = await startServer(grpcEcho({ clock }));
    const session = connect(running.url);
    const stream = open(session, "/test.Echo/Stream", { "grpc-encoding": "gzip" });
    const status = new Promise((resolve) => stream.on("response", (head) => resolve(head["grpc-status"])));
    stream.end(framedMessage(randomBytes(80_000), true));
    expect(await status).toBe("13");
    session.destroy();
  });
});
