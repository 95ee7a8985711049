/**
 * Compression of gRPC messages: `gzip` (RFC 1952) and `deflate` (the zlib format, RFC 1950), as the gRPC compression specification has them.
 *
 * A small message can announce very much: what it may become is limited by the limit on messages and, beyond what any client sends often, by
 * the ratio. Both are checked while it is inflated, not after.
 */
import { deflateSync, gunzipSync, gzipSync, inflateSync, type ZlibOptions } from "node:zlib";
import { failure } from "@modelyard/core";

/** Encodings that are read and written besides none. */
export type MessageEncoding = "gzip" | "deflate";

/** Value of `grpc-accept-encoding`. */
export const acceptedEncodings = "identity,deflate,gzip";

/** Makes the message of one whose flag says it is compressed; throws `LIMIT_EXCEEDED`, `GRPC_COMPRESSION` or `GRPC_MALFORMED`. */
export type Decompress = (message: Uint8Array) => Uint8Array;

/** Inflated to this size a message may have any ratio: a tensor of zeros has about 1,000. */
const anyRatioBytes = 8 * 1024 * 1024;
/** Beyond it a message may grow by at most this. */
const maxRatio = 200;

/** Smaller messages do not become smaller; larger ones would hold up other calls. */
const minCompressedBytes = 512;
const maxCompressedBytes = 1024 * 1024;

/** Speed before size: the client is answered by a process that has other things to do. */
const compressOptions: ZlibOptions = { level: 1 };

/** The way to read compressed messages of a peer that names `encoding`. */
export function decompressorOf(encoding: string | undefined, maxMessageBytes: number): Decompress {
  if (encoding === "gzip" || encoding === "deflate") return (message) => decompress(message, encoding, maxMessageBytes);
  return encoding === undefined ? refuseUndeclared : refuseCompressed(encoding);
}

/** Refuses every compressed message. */
export function refuseCompressed(encoding: string | undefined): Decompress {
  return () => {
    if (encoding !== undefined && encoding !== "identity") throw failure("GRPC_COMPRESSION", { encoding });
    throw failure("GRPC_MALFORMED", { problem: "the flag byte says that it is compressed, and grpc-encoding does not say how" });
  };
}

/** Of the calls that do not compress, which pay for nothing here. */
const refuseUndeclared = refuseCompressed(undefined);

function decompress(message: Uint8Array, encoding: MessageEncoding, maxMessageBytes: number): Uint8Array {
  const maxOutputLength = Math.max(1, Math.min(maxMessageBytes, Math.max(anyRatioBytes, message.length * maxRatio)));
  try {
    return encoding === "gzip" ? gunzipSync(message, { maxOutputLength }) : inflateSync(message, { maxOutputLength });
  } catch (error) {
    if (isTooLarge(error)) {
      const current = `more than ${maxOutputLength} bytes from ${message.length} that are compressed`;
      throw failure("LIMIT_EXCEEDED", { what: "The gRPC message", current, limit: `${maxOutputLength} bytes` });
    }
    throw failure("GRPC_MALFORMED", { problem: `it is not compressed with ${encoding}` }, { cause: error });
  }
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
