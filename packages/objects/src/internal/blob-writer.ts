/** Takes the bytes of one file in: hashed while they arrive, synced, then renamed to their digest. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { type BlobPlaces, type PlacedBlob, placeBlob } from "./place-blob.ts";

interface BlobStart {
  readonly file: FileHandle;
  readonly path: string;
  readonly hash: Hash;
  readonly extra: Hash | undefined;
  readonly sizeBytes: number;
}

/** A file on its way in; begun anew, or on top of what an earlier try left. */
export class BlobWriter {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #hash: Hash;
  readonly #extra: Hash | undefined;
  #sizeBytes: number;

  private constructor(start: BlobStart) {
    this.#file = start.file;
    this.#path = start.path;
    this.#hash = start.hash;
    this.#extra = start.extra;
    this.#sizeBytes = start.sizeBytes;
  }

  /** Opens `path` in the partial folder; what it holds already is hashed again and kept. `extra` is a second hash that takes the same bytes. */
  static async resume(path: string, extra?: Hash): Promise<BlobWriter> {
    const hash = createHash("sha256");
    const file = await open(path, "a", 0o600);
    const { size } = await file.stat();
    if (size > 0) {
      for await (const chunk of createReadStream(path)) {
        hash.update(chunk as Buffer);
        extra?.update(chunk as Buffer);
      }
    }
    return new BlobWriter({ file, path, hash, extra, sizeBytes: size });
  }

  /** Bytes taken in so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    this.#extra?.update(chunk);
    this.#sizeBytes += chunk.byteLength;
    await this.#file.appendFile(chunk);
  }

  /** The second hash over everything taken in so far, as hexadecimal digits. */
  extraDigest(): string | undefined {
    return this.#extra?.copy().digest("hex");
  }

  /** Leaves the bytes where they are, for a later try. */
  async suspend(): Promise<void> {
    await this.#file.close();
  }

  /** Throws the bytes away. */
  async discard(): Promise<void> {
    await this.#file.close();
    await rm(this.#path, { force: true });
  }

  /** Gives the bytes their place in the store. */
  async store(to: BlobPlaces): Promise<PlacedBlob> {
    await this.#file.sync();
    await this.#file.close();
    const stored = { digest: `sha256:${this.#hash.digest("hex")}`, sizeBytes: this.#sizeBytes };
    return placeBlob(this.#path, { ...to, stored });
  }
}
