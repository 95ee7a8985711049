/**
 * Cuts received bytes into frames. Frames that lie whole in a chunk are passed as views; one that spans chunks is put together in a buffer of
 * its size: what is made for every read of a busy connection waits for the collector with thousands like it. Budget: below 0.05 µs per frame.
 */
import { defaultMaxFrameBytes, frameHeaderBytes, Http2Fault } from "./protocol.ts";

/** A frame; one object is reused for all frames of a connection and valid during the call only. */
export interface Frame {
  type: number;
  flags: number;
  streamId: number;
  payload: Buffer;
}

const nothing: Buffer = Buffer.alloc(0);

/** Reads the frames of one connection. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  readonly #frame: Frame = { type: 0, flags: 0, streamId: 0, payload: nothing };
  /** Beginning of a frame that is not complete, in memory of the frame's size, or of its header's while that is not known. */
  #partial: Buffer = nothing;
  #partialBytes = 0;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /** Whether a frame was begun and not completed. */
  get isInsideFrame(): boolean {
    return this.#partialBytes > 0;
  }

  /** Takes a chunk; throws `Http2Fault` for a frame above the size limit, and what the callback throws. */
  read(chunk: Buffer): void {
    let at = this.#partialBytes > 0 ? this.#complete(chunk) : 0;
    while (chunk.length - at >= frameHeaderBytes) {
      const length = payloadLength(chunk, at);
      const end = at + frameHeaderBytes + length;
      if (end > chunk.length) break;
      this.#emit(chunk, at, end);
      at = end;
    }
    if (at < chunk.length) this.#keep(chunk, at);
  }

  /** Adds to the partial frame and emits it when complete; returns how many bytes it took. */
  #complete(chunk: Buffer): number {
    let at = 0;
    if (this.#partialBytes < frameHeaderBytes) {
      at = this.#take(chunk, 0, frameHeaderBytes);
      if (this.#partialBytes < frameHeaderBytes) return at;
      this.#makeRoom(this.#partial);
    }
    const partial = this.#partial;
    const total = partial.length;
    at = this.#take(chunk, at, total);
    if (this.#partialBytes < total) return at;
    this.#partial = nothing;
    this.#partialBytes = 0;
    this.#emit(partial, 0, total);
    return at;
  }

  /** Copies into the partial frame until it has `total` bytes; returns the position after what was taken. */
  #take(chunk: Buffer, at: number, total: number): number {
    const end = Math.min(chunk.length, at + total - this.#partialBytes);
    chunk.copy(this.#partial, this.#partialBytes, at, end);
    this.#partialBytes += end - at;
    return end;
  }

  #keep(chunk: Buffer, at: number): void {
    const bytes = chunk.length - at;
    this.#partial = Buffer.allocUnsafe(bytes < frameHeaderBytes ? frameHeaderBytes : frameHeaderBytes + payloadLength(chunk, at));
    this.#take(chunk, at, bytes);
  }

  /** For the payload that a header which came in pieces announces. */
  #makeRoom(header: Buffer): void {
    this.#partial = Buffer.allocUnsafe(frameHeaderBytes + payloadLength(header, 0));
    header.copy(this.#partial);
  }

  #emit(bytes: Buffer, at: number, end: number): void {
    const frame = this.#frame;
    frame.type = bytes[at + 3] ?? 0;
    frame.flags = bytes[at + 4] ?? 0;
    frame.streamId = bytes.readUInt32BE(at + 5) & 0x7fffffff;
    frame.payload = bytes.subarray(at + frameHeaderBytes, end);
    this.#onFrame(frame);
  }
}

function payloadLength(bytes: Buffer, at: number): number {
  const length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
  if (length > defaultMaxFrameBytes) throw new Http2Fault("FRAME_SIZE_ERROR", `frame of ${length} bytes`);
  return length;
}
