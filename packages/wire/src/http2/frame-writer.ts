/** Writes frames into the outbox of a connection. */
import type { Outbox } from "../socket/outbox.ts";
import { type ErrorCodeName, errorCode, frameFlag, frameHeaderBytes, frameType } from "./protocol.ts";

/** A head of an answer whose length is known. */
export interface HeadWithLength {
  readonly streamId: number;
  readonly block: Buffer;
  readonly contentLength: number;
  readonly endsStream: boolean;
}

/** Frame writer of one connection. */
export class FrameWriter {
  readonly #outbox: Outbox;
  /** Largest payload the peer takes. */
  maxFrameBytes: number;
  /** DATA frames so far. */
  dataFrames = 0;

  constructor(outbox: Outbox, maxFrameBytes: number) {
    this.#outbox = outbox;
    this.maxFrameBytes = maxFrameBytes;
  }

  /** HEADERS and as many CONTINUATIONs as the block needs. */
  headers(streamId: number, block: Uint8Array, endsStream: boolean): void {
    const flags = endsStream ? frameFlag.endStream : 0;
    const { maxFrameBytes } = this;
    if (block.length <= maxFrameBytes) {
      this.#frame(kind(frameType.headers, flags | frameFlag.endHeaders), streamId, block);
      return;
    }
    this.#frame(kind(frameType.headers, flags), streamId, block.subarray(0, maxFrameBytes));
    for (let at = maxFrameBytes; at < block.length; at += maxFrameBytes) {
      const isLast = at + maxFrameBytes >= block.length;
      const part = block.subarray(at, at + maxFrameBytes);
      this.#frame(kind(frameType.continuation, isLast ? frameFlag.endHeaders : 0), streamId, part);
    }
  }

  /** HEADERS with a `content-length` behind the prepared block: a literal without indexing of the static name 28 (RFC 7541 §6.2.2). */
  headersWithLength(head: HeadWithLength): void {
    const { streamId, block, endsStream } = head;
    const digits = String(head.contentLength);
    const suffixBytes = 3 + digits.length;
    if (block.length + suffixBytes > this.maxFrameBytes) {
      const suffix = Buffer.from(`\x0f\x0d${String.fromCharCode(digits.length)}${digits}`, "latin1");
      this.headers(streamId, Buffer.concat([block, suffix]), endsStream);
      return;
    }
    const flags = frameFlag.endHeaders | (endsStream ? frameFlag.endStream : 0);
    this.#header(block.length + suffixBytes, kind(frameType.headers, flags), streamId);
    this.#outbox.append(block);
    const at = this.#outbox.reserve(suffixBytes);
    const { buffer } = this.#outbox;
    buffer[at] = 0x0f;
    buffer[at + 1] = 0x0d;
    buffer[at + 2] = digits.length;
    buffer.write(digits, at + 3, "latin1");
  }

  /** One DATA frame; the caller keeps to the frame size and the windows. */
  data(streamId: number, payload: Uint8Array, endsStream: boolean): void {
    this.dataFrames++;
    this.#frame(kind(frameType.data, endsStream ? frameFlag.endStream : 0), streamId, payload);
  }

  reset(streamId: number, code: ErrorCodeName): void {
    this.#word(kind(frameType.rstStream, 0), streamId, errorCode[code]);
  }

  windowUpdate(streamId: number, increment: number): void {
    this.#word(kind(frameType.windowUpdate, 0), streamId, increment);
  }

  /** SETTINGS with pairs of identifier and value. */
  settings(pairs: readonly (readonly [id: number, value: number])[]): void {
    const payload = Buffer.alloc(pairs.length * 6);
    for (const [index, [id, value]] of pairs.entries()) {
      payload.writeUInt16BE(id, index * 6);
      payload.writeUInt32BE(value, index * 6 + 2);
    }
    this.#frame(kind(frameType.settings, 0), 0, payload);
  }

  settingsAck(): void {
    this.#header(0, kind(frameType.settings, frameFlag.ack), 0);
  }

  ping(payload: Uint8Array, isAck: boolean): void {
    this.#frame(kind(frameType.ping, isAck ? frameFlag.ack : 0), 0, payload);
  }

  /** GOAWAY with debug data in Latin-1, of which the beginning is sent. */
  goAway(lastStreamId: number, code: ErrorCodeName, debugData: string): void {
    const text = debugData.slice(0, maxDebugDataBytes);
    this.#header(8 + text.length, kind(frameType.goAway, 0), 0);
    const at = this.#outbox.reserve(8);
    this.#outbox.buffer.writeUInt32BE(lastStreamId, at);
    this.#outbox.buffer.writeUInt32BE(errorCode[code], at + 4);
    this.#outbox.appendText(text);
  }

  #frame(typeAndFlags: number, streamId: number, payload: Uint8Array): void {
    this.#header(payload.length, typeAndFlags, streamId);
    if (payload.length > 0) this.#outbox.append(payload);
  }

  #word(typeAndFlags: number, streamId: number, value: number): void {
    this.#header(4, typeAndFlags, streamId);
    const at = this.#outbox.reserve(4);
    this.#outbox.buffer.writeUInt32BE(value, at);
  }

  #header(length: number, typeAndFlags: number, streamId: number): void {
    const at = this.#outbox.reserve(frameHeaderBytes);
    const { buffer } = this.#outbox;
    buffer[at] = length >>> 16;
    buffer[at + 1] = length >>> 8;
    buffer[at + 2] = length;
    buffer[at + 3] = typeAndFlags >>> 8;
    buffer[at + 4] = typeAndFlags;
    buffer[at + 5] = streamId >>> 24;
    buffer[at + 6] = streamId >>> 16;
    buffer[at + 7] = streamId >>> 8;
    buffer[at + 8] = streamId;
  }
}

const maxDebugDataBytes = 256;

function kind(type: number, flags: number): number {
  return (type << 8) | flags;
}
