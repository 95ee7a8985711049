import { Server, ServerCredentials, type ServerDuplexStream, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { seededRandom, silentLog, systemClock } from "@modelyard/core";
import { describe, expect, test } from "vitest";
import { type Peer, type PeerAddress } from "../peer/contract.ts";
import { connectPeer } from "../peer/peer.ts";
import { startServer } from "../testing/echo-server.ts";
import { grpcEcho } from "../testing/grpc-echo.ts";
import { grpcCall } from "./client-call.ts";
import { grpcDuplex } from "./client-duplex.ts";

const clock = systemClock();
const same = (bytes: Buffer): Buffer => bytes;

interface Running extends AsyncDisposable {
  readonly address: PeerAddress;
}

async function grpcJsServer(): Promise<Running> {
  const server = new Server({ "grpc.max_receive_message_length": -1 });
  const kinds = { requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same };
  server.addService(
    {
      Unary: { path: "/test.Echo/Unary", requestStream: false, responseStream: false, ...kinds },
      Fail: { path: "/test.Echo/Fail", requestStream: false, responseStream: false, ...kinds },
      Hang: { path: "/test.Echo/Hang", requestStream: false, responseStream: false, ...kinds },
      Stream: { path: "/test.Echo/Stream", requestStream: true, responseStream: true, ...kinds },
    },
    {
      Unary: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => done(null, call.request),
      Fail: (_: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) =>
        done({ code: status.NOT_FOUND, details: "no such thing: 100 % Käse\n" }),
      Hang: () => {},
      Stream: (call: ServerDuplexStream<Buffer, Buffer>) => {
        call.on("data", (message: Buffer) => {
          if (!call.write(message)) {
            call.pause();
            call.once("drain", () => call.resume());
          }
        });
        call.on("end", () => call.end());
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  return {
    address: { host: "127.0.0.1", port },
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  };
}

const servers: readonly (readonly [string, () => Promise<Running>])[] = [
  ["@grpc/grpc-js", grpcJsServer],
  ["our own", () => startServer(grpcEcho({ clock }))],
];

describe.each(servers)("gRPC calls to a server of %s", (_, start) => {
  async function withPeer<T>(use: (peer: Peer) => Promise<T>): Promise<T> {
    await using running = await start();
    const peer = connectPeer({ address: running.address, clock, log: silentLog(), random: seededRandom(1) });
    try {
      return await use(peer);
    } finally {
      await peer.close();
    }
  }

  test.each([0, 1, 3200, 16_379, 100_000, 9 * 1024 * 1024])("a unary call echoes %d bytes", async (sizeBytes) => {
    const message = Buffer.alloc(sizeBytes, "0123456789");
    await withPeer(async (peer) => {
      const answer = await grpcCall(peer, { path: "/test.Echo/Unary", message }, { deadlineMs: clock.monotonicMs() + 20_000 });
      expect(Buffer.compare(answer, message)).toBe(0);
    });
  });

  test("a hundred calls at once each get their answer", async () => {
    await withPeer(async (peer) => {
      const calls = Array.from({ length: 100 }, (__, index) =>
        grpcCall(peer, { path: "/test.Echo/Unary", message: Buffer.from(`m${index}`) }),
      );
      expect((await Promise.all(calls)).map((answer) => Buffer.from(answer).toString())).toEqual(calls.map((__, index) => `m${index}`));
    });
  });

  test("a failure carries the peer's code and message", async () => {
    await withPeer(async (peer) => {
      const call = grpcCall(peer, { path: "/test.Echo/Fail", message: Buffer.from("x") });
      await expect(call).rejects.toMatchObject({
        reason: "RPC_NOT_FOUND",
        code: "NOT_FOUND",
        details: { message: "no such thing: 100 % Käse\n" },
      });
      const unknown = grpcCall(peer, { path: "/test.Echo/None", message: Buffer.from("x") });
      await expect(unknown).rejects.toMatchObject({ code: "UNIMPLEMENTED" });
    });
  });

  test("a call ends at its deadline and when its signal is aborted", async () => {
    await withPeer(async (peer) => {
      const request = { path: "/test.Echo/Hang", message: Buffer.from("x") };
      // The peer may be first to say so.
      await expect(grpcCall(peer, request, { deadlineMs: clock.monotonicMs() + 100 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
      const stop = new AbortController();
      const call = grpcCall(peer, request, { signal: stop.signal });
      stop.abort(new Error("enough"));
      await expect(call).rejects.toThrow("enough");
      await expect(grpcCall(peer, request, { signal: stop.signal })).rejects.toThrow("enough");
      await expect.poll(() => peer.inFlight).toBe(0);
    });
  });

  test("an answer above the limit fails the call", async () => {
    await withPeer(async (peer) => {
      const call = grpcCall(peer, { path: "/test.Echo/Unary", message: Buffer.alloc(2000) }, { maxMessageBytes: 1000 });
      await expect(call).rejects.toMatchObject({ reason: "LIMIT_EXCEEDED" });
    });
  });

  test("a duplex call keeps order, with a reader slower than its writer", async () => {
    await withPeer(async (peer) => {
      const call = grpcDuplex(peer, "/test.Echo/Stream");
      const count = 2000;
      const writing = (async () => {
        for (let index = 0; index < count; index++) await call.send(Buffer.alloc(5000, String(index % 10)));
        call.end();
      })();
      let received = 0;
      for await (const message of call.messages) {
        expect([message.length, message[0]]).toEqual([5000, 48 + (received % 10)]);
        if (++received % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      expect(received).toBe(count);
      await writing;
    });
  });

  test("nobody reading stops the writer", async () => {
    await withPeer(async (peer) => {
      const call = grpcDuplex(peer, "/test.Echo/Stream");
      let sent = 0;
      let isStopped = false;
      const writing = (async () => {
        for (; sent < 10_000; sent++) await call.send(Buffer.alloc(10_000));
      })().catch(() => (isStopped = true));
      let before = -1;
      await expect.poll(() => sent > 0 && before === (before = sent), { interval: 100 }).toBe(true);
      expect(sent).toBeLessThan(2_000);
      call.cancel();
      await writing;
      expect(isStopped).toBe(true);
    });
  });

  test("leaving the loop cancels the call", async () => {
    await withPeer(async (peer) => {
      const call = grpcDuplex(peer, "/test.Echo/Stream");
      await call.send(Buffer.from("one"));
      for await (const message of call.messages) {
        expect(Buffer.from(message).toString()).toBe("one");
        break;
      }
      expect(peer.inFlight).toBe(0);
      await expect(call.send(Buffer.from("two"))).rejects.toMatchObject({ reason: "CANCELLED" });
    });
  });
});
