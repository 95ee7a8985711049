import { randomBytes } from "node:crypto";
import { connect, type IncomingHttpHeaders } from "node:http2";
import { deflateSync, gzipSync } from "node:zlib";
import { Client, compressionAlgorithms, credentials, type ServiceError } from "@grpc/grpc-js";
import { systemClock } from "@modelyard/core";
import { describe, expect, it } from "vitest";
import { startServer } from "../testing/echo-server.ts";
import { grpcEcho } from "../testing/grpc-echo.ts";
import { compress, decompressorOf } from "./message-encoding.ts";
import { framedMessage, messagePrefix } from "./message-framing.ts";

const clock = systemClock();
const same = (bytes: Buffer): Buffer => bytes;
const text = Buffer.from("compressible ".repeat(1000));

describe("decompressorOf()", () => {
  const mebibyte = 1024 * 1024;

  it.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
  ] as const)("reads %s and refuses what is not", (encoding, pack) => {
    const decompress = decompressorOf(encoding, mebibyte);
    expect(Buffer.from(decompress(pack(text))).equals(text)).toBe(true);
    expect(decompress(pack(Buffer.alloc(0)))).toHaveLength(0);
    for (const wrong of [Buffer.from("no"), Buffer.alloc(0), pack(text).subarray(0, 20)]) {
      expect(() => decompress(wrong)).toThrow(expect.objectContaining({ reason: "GRPC_MALFORMED", code: "INTERNAL" }));
    }
  });

  it("stops at the limit on messages", () => {
    expect(decompressorOf("gzip", mebibyte)(gzipSync(Buffer.alloc(mebibyte)))).toHaveLength(mebibyte);
    const bomb = gzipSync(Buffer.alloc(mebibyte + 1));
    expect(() => decompressorOf("gzip", mebibyte)(bomb)).toThrow(expect.objectContaining({ reason: "LIMIT_EXCEEDED" }));
  });

  it("stops at a ratio that only a bomb has, below the limit on messages", () => {
    const zeros = (size: number): Buffer => gzipSync(Buffer.alloc(size));
    expect(decompressorOf("gzip", 64 * mebibyte)(zeros(8 * mebibyte))).toHaveLength(8 * mebibyte);
    expect(() => decompressorOf("gzip", 64 * mebibyte)(zeros(32 * mebibyte))).toThrow(
      expect.objectContaining({ code: "RESOURCE_EXHAUSTED" }),
    );
  });

  it.each([
    ["snappy", "UNIMPLEMENTED"],
    ["identity", "INTERNAL"],
    [undefined, "INTERNAL"],
  ] as const)("refuses messages of %s that are flagged as compressed with %s", (encoding, code) => {
    expect(() => decompressorOf(encoding, mebibyte)(text)).toThrow(expect.objectContaining({ code }));
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
