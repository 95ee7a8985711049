/**
 * Compression of gRPC messages: `gzip` (RFC 1952) and `deflate` (the zlib format, RFC 1950), as the gRPC compression specification has them.
 *
 * A small message can announce very much: what it may become is limited by the limit on messages and, beyond what any client sends often, by
 * the ratio. Both are checked while it is inflated, not after. What is not small is inflated off the event loop, other calls go on meanwhile.
 */
import { promisify } from "node:util";
import { deflateSync, gunzip, gunzipSync, gzipSync, inflate, inflateSync, type ZlibOptions } from "node:zlib";
import { failure, type PlatformError } from "@modelyard/core";
import { type BufferBudget, buffersFull } from "../socket/buffer-budget.ts";

/** Encodings that are read and written besides none. */
export type MessageEncoding = "gzip" | "deflate";

/** Value of `grpc-accept-encoding`. */
export const acceptedEncodings = "identity,deflate,gzip";

/**
 * Makes the message of one whose flag says it is compressed: at once when it is small, and then it throws, later when it is not, and then it
 * rejects, with `LIMIT_EXCEEDED`, `BUFFERS_FULL`, `GRPC_COMPRESSION` or `GRPC_MALFORMED`. Bytes that are not the message's own are copied.
 */
export type Decompress = (message: Uint8Array, isOwned: boolean) => Uint8Array | Promise<Uint8Array>;

/** What is inflated at once, compressed and not: a fraction of a millisecond. */
const maxInlineBytes = 64 * 1024;

/** Inflated to this size a message may have any ratio: a tensor of zeros has about 1,000. */
const anyRatioBytes = 8 * 1024 * 1024;
/** Beyond it a message may grow by at most this. */
const maxRatio = 200;

/** Smaller messages do not become smaller; larger ones would hold up other calls. */
const minCompressedBytes = 512;
const maxCompressedBytes = 1024 * 1024;

/** Speed before size: the client is answered by a process that has other things to do. */
const compressOptions: ZlibOptions = { level: 1 };

/**
 * The way to read compressed messages of a peer that names `encoding`. The most that a message may become is taken from `memory` while it is
 * inflated later. Default: memory without a common limit.
 */
export function decompressorOf(encoding: string | undefined, maxMessageBytes: number, memory?: BufferBudget): Decompress {
  if (encoding === "gzip" || encoding === "deflate")
    return (message, isOwned) => decompress({ message, isOwned, encoding, maxMessageBytes, memory });
  return encoding === undefined ? refuseUndeclared : refuseCompressed(encoding);
}

/** Refuses every compressed message. */
export function refuseCompressed(encoding: string | undefined): () => never {
  return () => {
    if (encoding !== undefined && encoding !== "identity") throw failure("GRPC_COMPRESSION", { encoding });
    throw failure("GRPC_MALFORMED", { problem: "the flag byte says that it is compressed, and grpc-encoding does not say how" });
  };
}

/** Of the calls that do not compress, which pay for nothing here. */
const refuseUndeclared = refuseCompressed(undefined);

interface Compressed {
  readonly message: Uint8Array;
  readonly isOwned: boolean;
  readonly encoding: MessageEncoding;
  readonly maxMessageBytes: number;
  readonly memory: BufferBudget | undefined;
}

const inflateNow = { gzip: gunzipSync, deflate: inflateSync };
const inflateLater = { gzip: promisify(gunzip), deflate: promisify(inflate) };

function decompress(compressed: Compressed): Uint8Array | Promise<Uint8Array> {
  const { message, isOwned, encoding, memory } = compressed;
  const mostBytes = mostInflated(compressed);
  if (message.length <= maxInlineBytes) {
    try {
      return inflateNow[encoding](message, { maxOutputLength: Math.min(mostBytes, maxInlineBytes) });
    } catch (error) {
      if (!isTooLarge(error) || mostBytes <= maxInlineBytes) throw refusalOf(error, compressed);
    }
  }
  if (memory?.take(mostBytes) === false) throw buffersFull(memory, mostBytes);
  return decompressLater({ ...compressed, message: isOwned ? message : new Uint8Array(message) }, mostBytes);
}

async function decompressLater(compressed: Compressed, mostBytes: number): Promise<Uint8Array> {
  try {
    return await inflateLater[compressed.encoding](compressed.message, { maxOutputLength: mostBytes });
  } catch (error) {
    throw refusalOf(error, compressed);
  } finally {
    compressed.memory?.give(mostBytes);
  }
}

function mostInflated({ message, maxMessageBytes }: Compressed): number {
  return Math.max(1, Math.min(maxMessageBytes, Math.max(anyRatioBytes, message.length * maxRatio)));
}

function refusalOf(error: unknown, compressed: Compressed): PlatformError {
  if (!isTooLarge(error))
    return failure("GRPC_MALFORMED", { problem: `it is not compressed with ${compressed.encoding}` }, { cause: error });
  const limit = mostInflated(compressed);
  const current = `more than ${limit} bytes from ${compressed.message.length} that are compressed`;
  return failure("LIMIT_EXCEEDED", { what: "The gRPC message", current, limit: `${limit} bytes` });
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}

/** The encoding of the answer to a client that compresses: the same, if it takes that. */
export function answerEncodingOf(encoding: string | undefined, accepted: string | undefined): MessageEncoding | undefined {
  if (encoding !== "gzip" && encoding !== "deflate") return undefined;
  const names = accepted?.split(",").map((name) => name.trim());
  return names?.includes(encoding) ? encoding : undefined;
}

/** The message compressed, or the very same one where that does not help. */
export function compress(message: Uint8Array, encoding: MessageEncoding): Uint8Array {
  if (message.length < minCompressedBytes || message.length > maxCompressedBytes) return message;
  const compressed = encoding === "gzip" ? gzipSync(message, compressOptions) : deflateSync(message, compressOptions);
  return compressed.length < message.length ? compressed : message;
}
