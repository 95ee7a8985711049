/** An archive on disk: bytes at a position, or a stream of a range. Small reads go through one window, so that a listing of a million short records is no million reads. */
import { type FileHandle, open } from "node:fs/promises";
import { Readable } from "node:stream";

const windowBytes = 256 * 1024;

/** A range of a file; `end` is exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** An opened archive. */
export class ArchiveFile {
  readonly sizeBytes: number;
  readonly #handle: FileHandle;
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;

  private constructor(handle: FileHandle, sizeBytes: number) {
    this.#handle = handle;
    this.sizeBytes = sizeBytes;
  }

  static async open(path: string): Promise<ArchiveFile> {
    const handle = await open(path, "r");
    return new ArchiveFile(handle, (await handle.stat()).size);
  }

  /** Bytes from a position on; fewer than asked for at the end of the file. */
  async read(position: number, length: number): Promise<Buffer> {
    const offset = position - this.#windowStart;
    if (offset >= 0 && offset + length <= this.#window.byteLength) return this.#window.subarray(offset, offset + length);
    const bytes = await this.#readFrom(position, Math.max(length, windowBytes));
    if (length <= windowBytes) {
      this.#window = bytes;
      this.#windowStart = position;
    }
    return bytes.subarray(0, length);
  }

  /** The bytes of a range as a stream. */
  stream(range: ByteRange): Readable {
    return Readable.from(this.#chunks(range), { objectMode: false });
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async *#chunks({ start, end }: ByteRange): AsyncGenerator<Buffer> {
    for (let position = start; position < end; ) {
      const chunk = await this.#readFrom(position, Math.min(windowBytes, end - position));
      if (chunk.byteLength === 0) return;
      position += chunk.byteLength;
      yield chunk;
    }
  }

  async #readFrom(position: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.sizeBytes - position)));
    let done = 0;
    while (done < buffer.byteLength) {
      const { bytesRead } = await this.#handle.read(buffer, done, buffer.byteLength - done, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return buffer.subarray(0, done);
  }
}
