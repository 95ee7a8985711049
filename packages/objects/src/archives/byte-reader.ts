/** Reads a stream of chunks by the byte: so many now, so many as a stream, or what is left. */

/** One stream; every byte that is taken from it is counted by `onBytes` before it is given on. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #onBytes: (count: number) => void;
  #rest: Uint8Array = new Uint8Array();

  constructor(chunks: AsyncIterable<Uint8Array>, onBytes: (count: number) => void) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#onBytes = onBytes;
  }

  /** So many bytes; fewer at the end of the stream. */
  async read(count: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of this.stream(count)) parts.push(part);
    return Buffer.concat(parts);
  }

  /** So many bytes as they come; the result is how many are missing because the stream ended. */
  async *stream(count: number): AsyncGenerator<Uint8Array, number> {
    let missing = count;
    while (missing > 0) {
      if (this.#rest.byteLength === 0 && !(await this.#fill())) break;
      const part = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(part.byteLength);
      missing -= part.byteLength;
      yield part;
    }
    return missing;
  }

  async #fill(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (done === true) return false;
    this.#onBytes(value.byteLength);
    this.#rest = value;
    return true;
  }
}
