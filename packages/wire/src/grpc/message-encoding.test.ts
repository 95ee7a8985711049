import { randomBytes } from "node:crypto";
import { connect, type IncomingHttpHeaders } from "node:http2";
import { deflateSync, gzipSync } from "node:zlib";
import { Client, compressionAlgorithms, credentials, type ServiceError } from "@grpc/grpc-js";
import { systemClock } from "@modelyard/core";
import { describe, expect, it } from "vitest";
import { BufferBudget } from "../socket/buffer-budget.ts";
import { startServer } from "../testing/echo-server.ts";
import { grpcEcho } from "../testing/grpc-echo.ts";
import { compress, decompressorOf } from "./message-encoding.ts";
import { framedMessage, messagePrefix } from "./message-framing.ts";

const clock = systemClock();
const same = (bytes: Buffer): Buffer => bytes;
const text = Buffer.from("compressible ".repeat(1000));

describe("decompressorOf()", () => {
  const mebibyte = 1024 * 1024;
  const zeros = (size: number): Buffer => gzipSync(Buffer.alloc(size));

  it.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
  ] as const)("reads %s and refuses what is not", async (encoding, pack) => {
    const decompress = decompressorOf(encoding, mebibyte);
    expect(Buffer.from(await decompress(pack(text), false)).equals(text)).toBe(true);
    expect(decompress(pack(Buffer.alloc(0)), false)).toHaveLength(0);
    for (const wrong of [Buffer.from("no"), Buffer.alloc(0), pack(text).subarray(0, 20)]) {
      expect(() => decompress(wrong, false)).toThrow(expect.objectContaining({ reason: "GRPC_MALFORMED", code: "INTERNAL" }));
    }
    await expect(decompress(randomBytes(100_000), false)).rejects.toMatchObject({ reason: "GRPC_MALFORMED" });
  });

  it("reads at once what stays small, and later what may hold up other calls", async () => {
    const decompress = decompressorOf("gzip", mebibyte);
    expect(decompress(zeros(64 * 1024), false)).toBeInstanceOf(Uint8Array);
    expect(decompress(zeros(64 * 1024 + 1), false)).toBeInstanceOf(Promise);
    const noise = randomBytes(70_000);
    const later = decompress(gzipSync(noise), false);
    expect(later).toBeInstanceOf(Promise);
    expect(Buffer.from(await later).equals(noise)).toBe(true);
  });

  it("reads later what it was given, though the bytes are overwritten meanwhile", async () => {
    const packed = gzipSync(Buffer.alloc(100_000, "x"));
    const later = decompressorOf("gzip", mebibyte)(packed, false);
    packed.fill(0);
    expect(Buffer.from(await later).equals(Buffer.alloc(100_000, "x"))).toBe(true);
  });

  it("stops at the limit on messages", async () => {
    expect(await decompressorOf("gzip", mebibyte)(zeros(mebibyte), false)).toHaveLength(mebibyte);
    await expect(decompressorOf("gzip", mebibyte)(zeros(mebibyte + 1), false)).rejects.toMatchObject({ reason: "LIMIT_EXCEEDED" });
    expect(() => decompressorOf("gzip", 1_000)(zeros(1_001), false)).toThrow(expect.objectContaining({ reason: "LIMIT_EXCEEDED" }));
  });

  it("stops at a ratio that only a bomb has, below the limit on messages", async () => {
    expect(await decompressorOf("gzip", 64 * mebibyte)(zeros(8 * mebibyte), false)).toHaveLength(8 * mebibyte);
    await expect(decompressorOf("gzip", 64 * mebibyte)(zeros(32 * mebibyte), false)).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
  });

  it("takes the most that a message may become from the memory of all connections, as long as it inflates", async () => {
    const memory = new BufferBudget(mebibyte);
    const decompress = decompressorOf("gzip", mebibyte, memory);
    const first = decompress(zeros(100_000), false);
    expect(memory.usedBytes).toBe(mebibyte);
    expect(() => decompress(zeros(100_000), false)).toThrow(expect.objectContaining({ reason: "BUFFERS_FULL" }));
    await first;
    expect(memory.usedBytes).toBe(0);
  });

  it.each([
    ["snappy", "UNIMPLEMENTED"],
    ["identity", "INTERNAL"],
    [undefined, "INTERNAL"],
  ] as const)("refuses messages of %s that are flagged as compressed with %s", (encoding, code) => {
    expect(() => decompressorOf(encoding, mebibyte)(text, false)).toThrow(expect.objectContaining({ code }));
  });
});

it("compress() leaves alone what is small or does not become smaller", () => {
  const small = Buffer.alloc(100);
  expect(compress(small, "gzip")).toBe(small);
  const noise = randomBytes(2000);
  expect(compress(noise, "gzip")).toBe(noise);
});

describe.each([
  ["gzip", compressionAlgorithms.gzip],
  ["deflate", compressionAlgorithms.deflate],
] as const)("a client of @grpc/grpc-js that compresses with %s", (encoding, algorithm) => {
  it("is understood, and answered in kind", async () => {
    await using running = await startServer(grpcEcho({ clock }));
    const client = new Client(`127.0.0.1:${running.port}`, credentials.createInsecure(), {
      "grpc.default_compression_algorithm": algorithm,
    });
    for (const message of [Buffer.alloc(0), Buffer.from("x"), text]) {
      const answer = await new Promise<Buffer | undefined>((resolve, reject) => {
        const done = (error: ServiceError | null, bytes?: Buffer): void => (error ? reject(error) : resolve(bytes));
        client.makeUnaryRequest("/test.Echo/Unary", same, same, message, done);
      });
      expect(answer?.equals(message)).toBe(true);
    }
    client.close();
  });

  it("gets messages that are compressed when it accepts that, and plain ones when it does not", async () => {
    await using running = await startServer(grpcEcho({ clock }));
    const packed = encoding === "gzip" ? gzipSync(text) : deflateSync(text);
    const body = framedMessage(packed, true);
    const accepting = await post(running.url, body, { "grpc-encoding": encoding, "grpc-accept-encoding": `identity, ${encoding}` });
    expect([accepting.headers["grpc-encoding"], accepting.body[0]]).toEqual([encoding, 1]);
    expect(accepting.body.length).toBeLessThan(1000);
    const plain = await post(running.url, body, { "grpc-encoding": encoding, "grpc-accept-encoding": "identity" });
    expect(plain.headers["grpc-encoding"]).toBeUndefined();
    expect(plain.body.subarray(5).equals(text)).toBe(true);
  });
});

it("a message in an unknown encoding is refused with UNIMPLEMENTED and the encodings that are known", async () => {
  await using running = await startServer(grpcEcho({ clock }));
  const answer = await post(running.url, Buffer.concat([messagePrefix(1, true), Buffer.from("x")]), { "grpc-encoding": "snappy" });
  expect(answer.headers).toMatchObject({ "grpc-status": "12", "grpc-accept-encoding": "identity,deflate,gzip" });
  const declared = await post(running.url, framedMessage(Buffer.from("x")), { "grpc-encoding": "snappy" });
  expect(declared.body.subarray(5).toString()).toBe("x");
});

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One call with Node's own HTTP/2 client. */
async function post(url: string, body: Uint8Array, headers: Readonly<Record<string, string>>): Promise<Answer> {
  const session = connect(url);
  try {
    return await new Promise((resolve, reject) => {
      const stream = session.request({ ":method": "POST", ":path": "/test.Echo/Unary", "content-type": "application/grpc", ...headers });
      let head: IncomingHttpHeaders = {};
      const pieces: Buffer[] = [];
      stream.on("response", (received) => (head = received));
      stream.on("data", (piece: Buffer) => pieces.push(piece));
      stream.on("end", () => resolve({ headers: head, body: Buffer.concat(pieces) }));
      stream.on("error", reject);
      stream.end(body);
    });
  } finally {
    session.destroy();
  }
}
