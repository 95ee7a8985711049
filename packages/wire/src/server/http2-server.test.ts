import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type OutgoingHttpHeaders } from "node:http2";
import { connect as connectSocket } from "node:net";
import { fakeClock } from "@modelyard/core/testing";
import { describe, expect, test } from "vitest";
import type { Exchange, ResponseStream } from "../message/exchange.ts";
import { responseHead } from "../message/response-head.ts";
import { echo, pipe, startServer, type TestServer } from "../testing/echo-server.ts";
import { clientPreface, framesOf, getBlock, rawFrame } from "../testing/raw-frames.ts";

const large = Buffer.alloc(9 * 1024 * 1024, "0123456789");
const noBody = { onData: () => {}, onEnd: () => {}, onAbort: () => {} };

async function withClient<T>(running: TestServer, use: (session: ClientHttp2Session) => Promise<T>, settings = {}): Promise<T> {
  const session = connect(running.url, { settings });
  session.on("error", () => {});
  try {
    return await use(session);
  } finally {
    session.destroy();
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly trailers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

function send(session: ClientHttp2Session, body: Buffer | string = "", headers: OutgoingHttpHeaders = {}): Promise<Answer> {
  const stream = session.request({ ":method": "POST", ":path": "/", ...headers });
  const answer = collect(stream);
  if (!stream.writableEnded) stream.end(body);
  return answer;
}

function collect(stream: ClientHttp2Stream): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received: Readonly<Record<string, unknown>> = {};
    let trailers: Readonly<Record<string, unknown>> = {};
    stream.on("response", (headers) => (received = { ...headers }));
    stream.on("trailers", (headers) => (trailers = { ...headers }));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("close", () => {
      if (stream.rstCode > 0) reject(new Error(`reset with ${stream.rstCode}`));
      else resolve({ status: Number(received[":status"]), headers: received, trailers, body: Buffer.concat(chunks) });
    });
  });
}

describe("HTTP/2 server with the client of node:http2", () => {
  test("answers a hundred requests at once, each its own", async () => {
    await using running = await startServer(echo);
    await withClient(running, async (session) => {
      const bodies = Array.from({ length: 100 }, (_, index) => `body ${index} ${"x".repeat(index * 100)}`);
      const answers = await Promise.all(bodies.map((body) => send(session, body)));
      expect(answers.map((answer) => answer.body.toString())).toEqual(bodies);
    });
    expect(running.server.inFlight).toBe(0);
  });

  test.each([
    ["default windows", {}],
    ["windows of a hundred bytes", { initialWindowSize: 100 }],
    ["large windows and frames", { initialWindowSize: 10_000_000, maxFrameSize: 1_000_000 }],
  ])("echoes a large body to a client with %s", async (_, settings) => {
    const body = "initialWindowSize" in settings && settings.initialWindowSize === 100 ? large.subarray(0, 40_000) : large;
    await using running = await startServer(echo);
    await withClient(running, async (session) => expect((await send(session, body)).body.equals(body)).toBe(true), settings);
  });

  test("streams 9 MiB through with trailers, on three streams at once", async () => {
    await using running = await startServer(pipe);
    await withClient(running, async (session) => {
      // The client refuses to queue more than 10 MB itself.
      const third = large.subarray(0, large.length / 3);
      const answers = await Promise.all([1, 2, 3].map(() => send(session, third)));
      for (const answer of answers) {
        expect(answer.body.equals(third)).toBe(true);
        expect(answer.trailers["x-size"]).toBe(String(third.length));
      }
    });
  });

  test("answers HEAD and 204 without a body, and adds the length otherwise", async () => {
    await using running = await startServer((exchange) => {
      exchange.respond({
        head: responseHead(exchange.head.path === "/none" ? 204 : 200),
        body: exchange.head.path === "/none" ? "" : "12345",
      });
      return noBody;
    });
    await withClient(running, async (session) => {
      expect((await send(session)).headers["content-length"]).toBe("5");
      const head = await send(session, "", { ":method": "HEAD" });
      expect([head.headers["content-length"], head.body.length]).toEqual(["5", 0]);
      expect(await send(session, "", { ":path": "/none" })).toMatchObject({ status: 204, body: Buffer.alloc(0) });
    });
  });

  test("hands out the same head object once the client's table has settled", async () => {
    const memos: unknown[] = [];
    await using running = await startServer((exchange) => {
      memos.push(exchange.head.memo);
      exchange.head.memo = exchange.head.path;
      exchange.respond({ head: responseHead(200) });
      return noBody;
    });
    await withClient(running, async (session) => {
      for (let index = 0; index < 6; index++) await send(session, "", { ":path": "/route" });
    });
    expect(memos.slice(-3)).toEqual(["/route", "/route", "/route"]);
  });

  test("keeps what belongs to a head for one that differs only in its trace and its deadline, which it has itself", async () => {
    const seen: unknown[] = [];
    await using running = await startServer((exchange) => {
      const { head } = exchange;
      seen.push([head.memo, head.path, head.get("traceparent"), head.get("grpc-timeout"), head.get("x-other")]);
      head.memo ??= `kept for ${head.path}`;
      exchange.respond({ head: responseHead(200) });
      return noBody;
    });
    await withClient(running, async (session) => {
      const ask = (path: string, fields: Readonly<Record<string, string>>): Promise<unknown> =>
        send(session, "", { ":path": path, ...fields });
      await ask("/a", { traceparent: "1", "grpc-timeout": "1S" });
      await ask("/a", { traceparent: "2", "grpc-timeout": "2S" });
      await ask("/b", { traceparent: "3", "grpc-timeout": "3S" });
      await ask("/b", { traceparent: "4", "x-other": "o" });
      await ask("/b", { traceparent: "5", "x-other": "p" });
      await ask("/b", { traceparent: "6", "x-other": "p" });
    });
    expect(seen).toEqual([
      [undefined, "/a", "1", "1S", undefined],
      ["kept for /a", "/a", "2", "2S", undefined],
      [undefined, "/b", "3", "3S", undefined],
      [undefined, "/b", "4", undefined, "o"],
      [undefined, "/b", "5", undefined, "p"],
      ["kept for /b", "/b", "6", undefined, "p"],
    ]);
  });

  test("stops a client whose request is answered before its end", async () => {
    await using running = await startServer((exchange) => {
      exchange.respond({ head: responseHead(413), body: "too much" });
      return noBody;
    });
    await withClient(running, async (session) => {
      const stream = session.request({ ":method": "POST", ":path": "/" });
      const answer = collect(stream);
      stream.write("beginning");
      expect(await answer).toMatchObject({ status: 413, body: Buffer.from("too much") });
      expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
    });
  });

  test("tells the handler of a reset, and serves the next request", async () => {
    let abort: (reason: string) => void = () => {};
    const reason = new Promise<string>((resolve) => (abort = resolve));
    await using running = await startServer((exchange) => {
      if (exchange.head.path !== "/hang") return echo(exchange);
      exchange.onAbort((error) => abort(error.reason));
      exchange.start(responseHead(200)).write(Buffer.from("first"));
      return noBody;
    });
    await withClient(running, async (session) => {
      const stream = session.request({ ":path": "/hang" });
      stream.on("error", () => {});
      stream.on("data", () => stream.close(constants.NGHTTP2_CANCEL));
      expect(await reason).toBe("EXCHANGE_CANCELLED");
      expect((await send(session, "next")).body.toString()).toBe("next");
    });
  });

  test("refuses streams beyond its limit as retryable", async () => {
    const held: Exchange[] = [];
    await using running = await startServer(
      (exchange) => {
        held.push(exchange);
        return noBody;
      },
      { limits: { maxConcurrentStreams: 2 } },
    );
    await withClient(running, async (session) => {
      const codes = [1, 2, 3].map(() => {
        const stream = session.request({ ":path": "/" });
        stream.on("error", () => {});
        return new Promise<number>((resolve) => stream.on("close", () => resolve(stream.rstCode)));
      });
      expect(await Promise.race(codes)).toBe(constants.NGHTTP2_REFUSED_STREAM);
      expect(held).toHaveLength(2);
    });
  });

  test("answers a head above the limit with 431 and keeps the connection", async () => {
    await using running = await startServer(echo, { limits: { maxHeaderBytes: 2000 } });
    await withClient(running, async (session) => {
      expect((await send(session, "", { "x-large": "x".repeat(3000) })).status).toBe(431);
      expect((await send(session, "fine")).status).toBe(200);
    });
  });

  test("takes a head in several frames", async () => {
    await using running = await startServer((exchange) => {
      exchange.respond({ head: responseHead(200), body: String(exchange.head.get("x-large")?.length) });
      return noBody;
    });
    await withClient(running, async (session) => {
      expect((await send(session, "", { "x-large": "\u007e".repeat(30_000) })).body.toString()).toBe("30000");
    });
  });

  test("drain lets requests in flight finish, takes no new ones, and ends", async () => {
    const held: Exchange[] = [];
    await using running = await startServer((exchange) => {
      held.push(exchange);
      return noBody;
    });
    await withClient(running, async (session) => {
      const answer = send(session);
      await expect.poll(() => held.length).toBe(1);
      const goAway = new Promise((resolve) => session.on("goaway", resolve));
      const drained = running.server.drain(10_000);
      await goAway;
      held[0]?.respond({ head: responseHead(200), body: "the last" });
      expect((await answer).body.toString()).toBe("the last");
      await drained;
      expect(running.server.connectionCount).toBe(0);
    });
  });

  test("drain gives up after its grace", async () => {
    await using running = await startServer(() => noBody);
    await withClient(running, async (session) => {
      const answer = send(session);
      answer.catch(() => {});
      await expect.poll(() => running.server.inFlight).toBe(1);
      await running.server.drain(20);
      await expect(answer).rejects.toThrow();
    });
  });
});

describe("HTTP/2 server and peers that stall or flood", () => {
  const settingsAck = rawFrame(4, 1, 0);

  /** Code of the GOAWAY the server ends the connection with; `onAcknowledged` when it has read our SETTINGS. */
  function goAwayCode(running: TestServer, bytes: Buffer, onAcknowledged: () => void = () => {}): Promise<number> {
    return new Promise((resolve, reject) => {
      let received = Buffer.alloc(0);
      const socket = connectSocket(running.port, "127.0.0.1", () => socket.write(bytes));
      socket.on("data", (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        if (received.includes(settingsAck)) onAcknowledged();
      });
      socket.on("error", reject);
      socket.on("end", () => {
        socket.destroy();
        resolve(
          framesOf(received)
            .findLast(({ type }) => type === 7)
            ?.payload.readUInt32BE(4) ?? -1,
        );
      });
    });
  }

  test.each([
    ["rapid resets", 600, (id: number) => Buffer.concat([rawFrame(1, 5, id, getBlock), rawFrame(3, 0, id, Buffer.from([0, 0, 0, 8]))])],
    ["pings", 25_000, () => rawFrame(6, 0, 0, Buffer.alloc(8))],
    ["settings", 25_000, () => rawFrame(4, 0, 0, Buffer.alloc(0))],
    ["empty DATA", 25_000, () => rawFrame(0, 0, 1, Buffer.alloc(0))],
    ["priorities", 25_000, () => rawFrame(2, 0, 1, Buffer.alloc(5))],
  ])("%s end the connection with ENHANCE_YOUR_CALM", async (_, count, make) => {
    await using running = await startServer(() => noBody);
    const frames = Array.from({ length: count }, (__, index) => make(index * 2 + 1));
    const open = make(1)[3] === 0 ? rawFrame(1, 4, 1, getBlock) : Buffer.alloc(0);
    expect(await goAwayCode(running, Buffer.concat([clientPreface, open, ...frames]))).toBe(11);
  });

  test("CONTINUATION without end ends the connection", async () => {
    await using running = await startServer(echo);
    const parts = Array.from({ length: 100 }, () => rawFrame(9, 0, 1, Buffer.alloc(8)));
    expect(await goAwayCode(running, Buffer.concat([clientPreface, rawFrame(1, 0, 1, getBlock), ...parts]))).toBe(11);
  });

  test("a client that reads nothing costs a bounded buffer, then its stream", async () => {
    const chunk = new Uint8Array(64 * 1024);
    let stream: ResponseStream | undefined;
    let reason = "";
    let written = 0;
    const limits = { maxOutputBytes: 1024 * 1024 };
    await using running = await startServer(
      (exchange) => {
        exchange.onAbort((error) => (reason = error.reason));
        stream = exchange.start(responseHead(200));
        return noBody;
      },
      { limits },
    );
    const socket = connectSocket(running.port, "127.0.0.1", () =>
      socket.write(Buffer.concat([clientPreface, rawFrame(1, 5, 1, getBlock)])),
    );
    socket.pause();
    await expect.poll(() => stream !== undefined).toBe(true);
    // A handler that does not heed `false`.
    while (reason === "" && written < 1000) {
      stream?.write(chunk);
      written++;
      if (written % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(reason).toBe("LIMIT_EXCEEDED");
    expect(written * chunk.length).toBeLessThan(limits.maxOutputBytes + 12 * chunk.length);
    expect(running.server.inFlight).toBe(0);
    socket.destroy();
  });

  test("a client that grants no window for too long loses its stream", async () => {
    const clock = fakeClock();
    let reason = "";
    await using running = await startServer(
      (exchange) => {
        exchange.onAbort((error) => (reason = error.reason));
        exchange.start(responseHead(200)).write(new Uint8Array(200_000));
        return noBody;
      },
      { clock },
    );
    const socket = connectSocket(running.port, "127.0.0.1", () =>
      socket.write(Buffer.concat([clientPreface, rawFrame(1, 5, 1, getBlock)])),
    );
    socket.resume();
    await expect.poll(() => running.server.inFlight).toBe(1);
    await clock.advance(59_000);
    expect(reason).toBe("");
    await clock.advance(3_000);
    expect(reason).toBe("WIRE_TIMEOUT");
    socket.destroy();
  });

  test("a connection without requests is told to go away after its idle time", async () => {
    const clock = fakeClock();
    await using running = await startServer(echo, { clock });
    const { promise: answered, resolve } = Promise.withResolvers<void>();
    const code = goAwayCode(running, clientPreface, resolve);
    await answered;
    await clock.advance(302_000);
    expect(await code).toBe(0);
  });
});
