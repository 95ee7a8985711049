/**
 * Output buffers, shared by the connections of one server: an idle connection holds none.
 *
 * Those that are kept for later are cut from one piece of memory, so large that malloc maps it apart: a buffer that only ever carries short answers
 * has one page of it resident, and none lies between the pieces that others ask malloc for. As pieces of their own they were 2 MiB in its middle.
 */

/** Size of an output buffer; payloads from `largePayloadBytes` on are passed by reference instead. */
export const outputBufferBytes: number = 64 * 1024;

/** Buffers that are kept for later. */
export const maxSpareBuffers = 32;

/** A bounded stack of spare buffers. */
export class BufferPool {
  readonly #maxSpare: number;
  readonly #spare: Buffer[] = [];
  /** What the spare buffers are cut from, once there was need of one. */
  #memory: ArrayBufferLike | undefined;

  /** Default: as many as a server with thousands of connections has use for. */
  constructor(maxSpare: number = maxSpareBuffers) {
    this.#maxSpare = maxSpare;
  }

  take(): Buffer {
    if (!this.#memory) this.#cut();
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(outputBufferBytes);
  }

  /** Takes back a buffer that nothing refers to any more. */
  give(buffer: Buffer): void {
    if (buffer.buffer === this.#memory) this.#spare.push(buffer);
  }

  #cut(): void {
    const all = Buffer.allocUnsafeSlow(this.#maxSpare * outputBufferBytes);
    this.#memory = all.buffer;
    for (let end = all.length; end > 0; end -= outputBufferBytes) this.#spare.push(all.subarray(end - outputBufferBytes, end));
  }
}
