import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PlatformError, seededRandom, silentLog, systemClock } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { describe, expect, test } from "vitest";
import type { Fields } from "../message/fields.ts";
import { echo, pipe, startServer } from "../testing/echo-server.ts";
import type { Peer, PeerAddress, PeerReceiver, PeerRequest, PeerResponseHead, PeerStream } from "./contract.ts";
import { peerRequestHead } from "./contract.ts";
import type { PeerOptions } from "./options.ts";
import { connectPeer } from "./peer.ts";

const large = Buffer.alloc(9 * 1024 * 1024, "0123456789");

function peerAt(address: PeerAddress, options: Partial<PeerOptions> = {}): Peer & AsyncDisposable {
  const peer = connectPeer({ address, clock: systemClock(), log: silentLog(), random: seededRandom(1), ...options });
  return Object.assign(peer, { [Symbol.asyncDispose]: () => peer.close() });
}

interface Answer {
  readonly head: PeerResponseHead | undefined;
  readonly body: Buffer;
  readonly trailers: Fields | undefined;
}

interface Sent extends Promise<Answer> {
  readonly stream: PeerStream;
}

function send(peer: Peer, request: Partial<PeerRequest> = {}, onDrain: () => void = () => {}): Sent {
  let head: PeerResponseHead | undefined;
  const chunks: Buffer[] = [];
  const outcome = Promise.withResolvers<Answer>();
  const receiver: PeerReceiver = {
    onHead: (received) => void (head = received),
    onData: (chunk) => void chunks.push(Buffer.from(chunk)),
    onEnd: (trailers) => outcome.resolve({ head, body: Buffer.concat(chunks), trailers }),
    onError: (error) => outcome.reject(error),
    onDrain,
  };
  const stream = peer.request({ head: { method: "POST", path: "/" }, ...request }, receiver);
  return Object.assign(outcome.promise, { stream });
}

const reasonOf = (sent: Promise<unknown>): Promise<string> =>
  sent.then(
    () => "answered",
    (error: PlatformError) => error.reason,
  );

async function withHttp2Server<T>(setUp: (server: Http2Server) => void, use: (address: PeerAddress) => Promise<T>): Promise<T> {
  const server = createServer({ settings: { maxConcurrentStreams: 7 } });
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => {});
  });
  setUp(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
  } finally {
    for (const session of sessions) session.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe("peer with the server of node:http2", () => {
  const echoStream = (server: Http2Server): void => {
    server.on("stream", (stream, headers) => {
      stream.on("error", () => {});
      stream.respond({ ":status": 200, "x-path": headers[":path"] }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-last": "1" }));
      stream.pipe(stream);
    });
  };

  test("echoes 9 MiB with head and trailers", async () => {
    await withHttp2Server(echoStream, async (address) => {
      await using peer = peerAt(address);
      const answer = await send(peer, { head: { method: "POST", path: "/big", fields: [["x-a", "b"]] }, body: large });
      expect(answer.head?.status).toBe(200);
      expect(answer.head?.get("x-path")).toBe("/big");
      expect(answer.body.equals(large)).toBe(true);
      expect(answer.trailers?.get("x-last")).toBe("1");
    });
  });

  test("sends five hundred requests over one connection, more than the server lets be open at once", async () => {
    let sessions = 0;
    await withHttp2Server(
      (server) => {
        server.on("session", () => sessions++);
        echoStream(server);
      },
      async (address) => {
        await using peer = peerAt(address);
        const head = peerRequestHead({ method: "POST", path: "/x", authority: "test" });
        const sent = Array.from({ length: 500 }, (_, index) =>
          send(peer, { head, extraFields: [["x-n", `${index}`]], body: Buffer.from(`body ${index}`) }),
        );
        expect(peer.inFlight).toBe(500);
        expect((await Promise.all(sent)).map((answer) => answer.body.toString())).toEqual(sent.map((_, index) => `body ${index}`));
        expect(peer.inFlight).toBe(0);
      },
    );
    expect(sessions).toBe(1);
  });

  test("after GOAWAY lets running requests finish and opens a new connection for new ones", async () => {
    let sessions = 0;
    await withHttp2Server(
      (server) => {
        server.on("session", () => sessions++);
        server.on("stream", (stream, headers) => {
          if (headers[":path"] === "/leave") stream.session?.goaway(0, 1);
          setImmediate(() => stream.respond({ ":status": 200 }));
          setImmediate(() => stream.end("done"));
        });
      },
      async (address) => {
        await using peer = peerAt(address);
        expect((await send(peer, { head: { method: "GET", path: "/leave" }, body: Buffer.alloc(0) })).body.toString()).toBe("done");
        expect((await send(peer, { body: Buffer.alloc(0) })).body.toString()).toBe("done");
      },
    );
    expect(sessions).toBe(2);
  });

  test("a lost connection fails its requests as not retryable, and the next request opens another", async () => {
    let requests = 0;
    await withHttp2Server(
      (server) => {
        server.on("stream", (stream) => {
          stream.on("error", () => {});
          if (++requests === 1) stream.session?.destroy();
          else {
            stream.respond({ ":status": 204 });
            stream.end();
          }
        });
      },
      async (address) => {
        await using peer = peerAt(address);
        await expect(send(peer, { body: Buffer.from("x") })).rejects.toMatchObject({ reason: "CONNECTION_LOST", retryable: false });
        expect((await send(peer, { body: Buffer.from("x") })).head?.status).toBe(204);
      },
    );
  });

  test.each([
    ["REFUSED_STREAM", 7, "PEER_UNAVAILABLE"],
    ["ENHANCE_YOUR_CALM", 11, "PEER_OVERLOADED"],
    ["INTERNAL_ERROR", 2, "CONNECTION_LOST"],
  ])("a reset with %s fails the request alone", async (_, code, reason) => {
    await withHttp2Server(
      (server) => {
        server.on("stream", (stream, headers) => {
          stream.on("error", () => {});
          if (headers[":path"] === "/reset") stream.close(code);
          else stream.respond({ ":status": 200 }, { endStream: true });
        });
      },
      async (address) => {
        await using peer = peerAt(address);
        expect(await reasonOf(send(peer, { head: { method: "GET", path: "/reset" }, body: Buffer.alloc(0) }))).toBe(reason);
        expect((await send(peer, { body: Buffer.alloc(0) })).head?.status).toBe(200);
      },
    );
  });
});

describe("peer with our own server", () => {
  test.each(["TCP", "a Unix socket"])("streams 9 MiB through over %s with back-pressure", async (kind) => {
    const folder = await mkdtemp(join(tmpdir(), "wire-"));
    const unix = { path: join(folder, "peer.sock") };
    await using running = await startServer(pipe, kind === "TCP" ? {} : { address: unix });
    await using peer = peerAt(running.address);
    let room = Promise.withResolvers<void>();
    const sent = send(peer, {}, () => room.resolve());
    let waits = 0;
    for (let at = 0; at < large.length; at += 100_000) {
      if (sent.stream.write(large.subarray(at, at + 100_000))) continue;
      waits++;
      await room.promise;
      room = Promise.withResolvers<void>();
    }
    sent.stream.end();
    const answer = await sent;
    expect(answer.body.equals(large)).toBe(true);
    expect(answer.trailers?.get("x-size")).toBe(String(large.length));
    expect(waits).toBeGreaterThan(0);
    await rm(folder, { recursive: true, force: true });
  });

  test("a paused answer stops the server within one window", async () => {
    let written = 0;
    await using running = await startServer((exchange) => {
      const consumer = pipe(exchange);
      const onData = (chunk: Uint8Array): void => {
        written += chunk.length;
        consumer.onData(chunk);
      };
      return { ...consumer, onData };
    });
    await using peer = peerAt(running.address);
    const sent = send(peer);
    sent.stream.pause();
    for (let at = 0; at < large.length; at += 100_000) sent.stream.write(large.subarray(at, at + 100_000));
    sent.stream.end();
    await expect.poll(() => written).toBeGreaterThan(1_000_000);
    // What was to come has come when requests made later are answered.
    for (let index = 0; index < 5; index++) await send(peer, { body: Buffer.from("later") });
    expect(written).toBeLessThan(4 * 1024 * 1024);
    sent.stream.resume();
    expect((await sent).body.length).toBe(large.length);
  });

  test("hands out the same head object for equal answers", async () => {
    await using running = await startServer(echo);
    await using peer = peerAt(running.address);
    const first = await send(peer, { body: Buffer.from("a") });
    if (first.head) first.head.memo = "forwarded block";
    expect((await send(peer, { body: Buffer.from("b") })).head?.memo).toBe("forwarded block");
  });

  test("draining waits for what is in flight and then refuses", async () => {
    await using running = await startServer(echo);
    await using peer = peerAt(running.address);
    const sent = send(peer);
    sent.stream.write(Buffer.from("late"));
    const drained = peer.drain(10_000);
    expect(await reasonOf(send(peer, { body: Buffer.alloc(0) }))).toBe("PEER_UNAVAILABLE");
    sent.stream.end();
    expect((await sent).body.toString()).toBe("late");
    await drained;
    expect(running.server.inFlight).toBe(0);
  });

  test("closing fails what is in flight, and a cancelled request hears nothing", async () => {
    await using running = await startServer(echo);
    const peer = peerAt(running.address);
    const failed = reasonOf(send(peer));
    let calls = 0;
    const cancelled = send(peer);
    cancelled.finally(() => calls++).catch(() => {});
    cancelled.stream.cancel();
    expect(peer.inFlight).toBe(1);
    await peer.close();
    await peer.close();
    expect(await failed).toBe("CONNECTION_LOST");
    expect(calls).toBe(0);
  });
});

describe("peer that is not there", () => {
  const nobody = { path: join(tmpdir(), "no-such-socket", "peer.sock") };

  test("fails as retryable, and backs off longer each time", async () => {
    const clock = fakeClock();
    await using peer = peerAt(nobody, { clock, minBackoffMs: 100, maxBackoffMs: 400 });
    const waits: number[] = [];
    for (let attempt = 0; attempt < 5; attempt++) {
      await expect(send(peer, { body: Buffer.alloc(0) })).rejects.toMatchObject({ reason: "PEER_UNAVAILABLE", retryable: true });
      const error = await send(peer, { body: Buffer.alloc(0) }).catch((reason: PlatformError) => reason);
      const waitMs = (error as PlatformError).retryAfterMs ?? 0;
      waits.push(waitMs);
      await clock.advance(waitMs);
    }
    expect(waits.map((waitMs, index) => waitMs / Math.min(100 * 2 ** index, 400)).every((share) => share >= 0.5 && share <= 1.01)).toBe(
      true,
    );
  });

  test("requests above the cap fail as busy", async () => {
    await using running = await startServer(() => ({ onData: () => {}, onEnd: () => {}, onAbort: () => {} }));
    await using peer = peerAt(running.address, { maxInFlight: 2 });
    const held = [reasonOf(send(peer)), reasonOf(send(peer))];
    expect(await reasonOf(send(peer))).toBe("PEER_BUSY");
    await peer.close();
    expect(await Promise.all(held)).not.toContain("answered");
  });

  test("a peer that does not answer PING is given up", async () => {
    const { createServer: createTcpServer } = await import("node:net");
    const settings = Buffer.from("000000040000000000", "hex");
    const silent = createTcpServer((socket) => socket.on("error", () => {}).write(settings));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const clock = fakeClock();
    await using peer = peerAt({ host: "127.0.0.1", port: (silent.address() as AddressInfo).port }, { clock });
    const failed = reasonOf(send(peer));
    await expect.poll(() => peer.isConnected).toBe(true);
    await clock.advance(30_000);
    expect(await failed).toBe("CONNECTION_LOST");
    silent.close();
  });
});
