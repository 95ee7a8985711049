import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { systemClock } from "@modelyard/core";
import { describe, expect, test } from "vitest";
import { startServer, type TestServer } from "../testing/echo-server.ts";
import { type GrpcEchoOptions, grpcEcho } from "../testing/grpc-echo.ts";
import { parseTimeout } from "./timeout.ts";

const clock = systemClock();
const same = (bytes: Buffer): Buffer => bytes;

async function withClient<T>(options: Partial<GrpcEchoOptions>, use: (client: Client, running: TestServer) => Promise<T>): Promise<T> {
  await using running = await startServer(grpcEcho({ clock, ...options }));
  const client = new Client(`127.0.0.1:${running.port}`, credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    "grpc.default_compression_algorithm": 0,
  });
  try {
    return await use(client, running);
  } finally {
    client.close();
  }
}

interface UnaryOptions {
  readonly path?: string;
  readonly metadata?: Metadata;
  readonly deadlineMs?: number;
}

function unary(client: Client, message: Buffer, options: UnaryOptions = {}): Promise<Buffer> {
  const { path = "/test.Echo/Unary", metadata = new Metadata(), deadlineMs } = options;
  const callOptions = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, same, same, message, metadata, callOptions, (error: ServiceError | null, answer?: Buffer) => {
      if (error) reject(error);
      else resolve(answer ?? Buffer.alloc(0));
    });
  });
}

describe("gRPC server with the client of @grpc/grpc-js", () => {
  test.each([0, 1, 3200, 16_379, 16_384, 100_000, 9 * 1024 * 1024])("echoes a message of %d bytes", async (sizeBytes) => {
    const message = Buffer.alloc(sizeBytes, "0123456789");
    await withClient({}, async (client) => expect((await unary(client, message)).equals(message)).toBe(true));
  });

  test("answers a hundred calls at once", async () => {
    await withClient({}, async (client) => {
      const messages = Array.from({ length: 100 }, (_, index) => Buffer.from(`message ${index}`));
      expect((await Promise.all(messages.map((message) => unary(client, message)))).map(String)).toEqual(messages.map(String));
    });
  });

  test("gives metadata and a deadline to the handler", async () => {
    const seen: (string | undefined)[] = [];
    let leftMs = 0;
    const onCall: GrpcEchoOptions["onCall"] = (call) => {
      seen.push(call.get("mm-model-id"));
      leftMs = (call.deadlineMs ?? 0) - clock.monotonicMs();
    };
    await withClient({ onCall }, async (client) => {
      const metadata = new Metadata();
      metadata.set("mm-model-id", "digits");
      await unary(client, Buffer.from("x"), { metadata, deadlineMs: 20_000 });
    });
    expect(seen).toEqual(["digits"]);
    expect(leftMs).toBeGreaterThan(10_000);
    expect(leftMs).toBeLessThanOrEqual(20_000);
  });

  test("sends status, message and fields of a failure, alone", async () => {
    await withClient({}, async (client) => {
      const error = await unary(client, Buffer.from("x"), { path: "/test.Echo/Fail" }).catch((reason: ServiceError) => reason);
      expect(error).toMatchObject({ code: status.NOT_FOUND, details: "no such thing: 100 % Käse\n" });
      expect((error as ServiceError).metadata.get("x-detail")).toEqual(["d"]);
    });
  });

  test("answers an unknown method with UNIMPLEMENTED", async () => {
    await withClient({}, async (client) => {
      await expect(unary(client, Buffer.from("x"), { path: "/test.Echo/None" })).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
    });
  });

  test("refuses a message above its limit with RESOURCE_EXHAUSTED", async () => {
    await withClient({ maxMessageBytes: 1000 }, async (client) => {
      await expect(unary(client, Buffer.alloc(1001))).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
      await expect(unary(client, Buffer.alloc(500_000))).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
      expect(await unary(client, Buffer.alloc(1000))).toHaveLength(1000);
    });
  });

  test("tells the handler when the client cancels or its deadline passes", async () => {
    const reasons: string[] = [];
    const onCall: GrpcEchoOptions["onCall"] = (call) => call.onCancel((error) => reasons.push(error.reason));
    await withClient({ onCall }, async (client) => {
      const late = unary(client, Buffer.from("x"), { path: "/test.Echo/Hang", deadlineMs: 100 });
      await expect(late).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
      await expect.poll(() => reasons).toEqual(["EXCHANGE_CANCELLED"]);
    });
  });

  test("streams messages both ways in order, ten thousand of them", async () => {
    await withClient({}, async (client) => {
      const call = client.makeBidiStreamRequest("/test.Echo/Stream", same, same, new Metadata());
      const received: string[] = [];
      const done = new Promise<Metadata>((resolve, reject) => {
        call.on("status", (result) => resolve(result.metadata));
        call.on("error", reject);
      });
      call.on("data", (message: Buffer) => received.push(message.toString()));
      for (let index = 0; index < 10_000; index++) call.write(Buffer.from(`message ${index}`));
      call.end();
      expect((await done).get("x-done")).toEqual(["yes"]);
      expect(received).toEqual(Array.from({ length: 10_000 }, (_, index) => `message ${index}`));
    });
  });

  test("answers what is no gRPC with 415", async () => {
    await using running = await startServer(grpcEcho({ clock }));
    const { connect } = await import("node:http2");
    const session = connect(running.url);
    const stream = session.request({ ":method": "POST", ":path": "/test.Echo/Unary", "content-type": "application/json" });
    stream.end("{}");
    expect(await new Promise((resolve) => stream.on("response", (headers) => resolve(headers[":status"])))).toBe(415);
    session.destroy();
  });
});

test.each([
  ["1H", 3_600_000],
  ["2M", 120_000],
  ["3S", 3_000],
  ["99999999m", 99_999_999],
  ["250u", 0.25],
  ["5000n", 0.005],
  ["123456789m", undefined],
  ["1", undefined],
  ["m", undefined],
  ["-1S", undefined],
  ["1s", undefined],
])("the timeout %j is %s ms", (text, ms) => {
  if (ms === undefined) expect(parseTimeout(text)).toBeUndefined();
  else expect(parseTimeout(text)).toBeCloseTo(ms, 9);
});
