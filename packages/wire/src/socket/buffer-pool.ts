/** Output buffers, shared by the connections of one server: an idle connection holds none. */

/** Size of an output buffer; payloads from `largePayloadBytes` on are passed by reference instead. */
export const outputBufferBytes: number = 64 * 1024;

/** Buffers that are kept for later. */
export const maxSpareBuffers = 32;

/** A bounded stack of spare buffers. */
export class BufferPool {
  readonly #spare: Buffer[] = [];

  take(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(outputBufferBytes);
  }

  /** Takes back a buffer that nothing refers to any more. */
  give(buffer: Buffer): void {
    if (this.#spare.length < maxSpareBuffers) this.#spare.push(buffer);
  }
}
