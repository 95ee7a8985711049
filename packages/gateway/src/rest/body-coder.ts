/**
 * Inflates bodies of requests and compresses those of answers, off the event loop. Few at once, so that memory is bounded by their number;
 * those that wait count as memory of the server, as when they were received. No body may inflate beyond the limit on bodies or beyond a ratio: a small body that becomes a large one is refused before it has.
 */
import { promisify } from "node:util";
import { deflate, gunzip, gzip, inflate } from "node:zlib";
import { failure, PlatformError } from "@modelyard/core";
import type { BufferBudget } from "@modelyard/wire";
import type { ContentCoding } from "../routing/content-coding.ts";

type Compression = Exclude<ContentCoding, "identity">;

/** Bodies that are inflated or compressed at once. */
const maxCodingAtOnce = 4;
/** Bodies that wait for that. */
const maxWaitingToCode = 1_000;
/** How many times larger than it came a body may become; deflate itself reaches 1,032. Up to {@link alwaysAllowedBytes} any ratio will do. */
const maxInflationRatio: number = 256;
/** Size up to which the ratio does not matter. */
const alwaysAllowedBytes: number = 4 * 1024 * 1024;
/** Answers from this size on are compressed. */
export const compressedFromBytes: number = 4 * 1024;

const inflaters = { gzip: promisify(gunzip), deflate: promisify(inflate) };
const compressors = { gzip: promisify(gzip), deflate: promisify(deflate) };
/** Latency matters more than the last bytes. */
const compressionLevel = 1;

/** What a body is inflated with. */
export interface InflateOptions {
  /** Largest body. */
  readonly maxBytes: number;
  /** Memory that the body counts in as long as it is not inflated. */
  readonly buffers: Pick<BufferBudget, "move">;
}

/** Codes the bodies of one gateway. */
export class BodyCoder {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** The body as it was before it was coded. Rejects with `BODY_TOO_LARGE`, `LIMIT_EXCEEDED` and `INFERENCE_REQUEST_INVALID`. */
  async inflate(body: Uint8Array, coding: Compression, { maxBytes, buffers }: InflateOptions): Promise<Uint8Array> {
    const limit = Math.min(maxBytes, Math.max(alwaysAllowedBytes, body.length * maxInflationRatio));
    buffers.move(body.length);
    try {
      return await this.#inTurn(() => inflaters[coding](body, { maxOutputLength: limit }));
    } catch (error) {
      if (PlatformError.is(error)) throw error;
      throw isTooLarge(error) ? tooLarge(body.length, limit) : notCoded(coding, error);
    } finally {
      buffers.move(-body.length);
    }
  }

  /** A body as a client wants it. */
  compress(body: Uint8Array, coding: Compression): Promise<Uint8Array> {
    return this.#inTurn(() => compressors[coding](body, { level: compressionLevel }));
  }

  async #inTurn<T>(act: () => Promise<T>): Promise<T> {
    if (this.#running >= maxCodingAtOnce) await this.#wait();
    else this.#running++;
    try {
      return await act();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }

  /** Resolves when the turn of another has become ours. */
  #wait(): Promise<void> {
    const current = this.#waiting.length;
    if (current < maxWaitingToCode) return new Promise((resolve) => this.#waiting.push(resolve));
    throw failure("LIMIT_EXCEEDED", { what: "The number of compressed bodies that wait", current, limit: maxWaitingToCode });
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}

function tooLarge(sizeBytes: number, limit: number): Error {
  return failure("BODY_TOO_LARGE", { current: `more than that when its ${sizeBytes} bytes are inflated`, limit: `${limit} bytes` });
}

function notCoded(coding: Compression, cause: unknown): Error {
  return failure(
    "INFERENCE_REQUEST_INVALID",
    { why: `its body is not what its content-encoding ${coding} says, or was cut off` },
    { cause },
  );
}
