/** Takes the bytes of one file in: hashed while they arrive, synced, then renamed to their digest. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, type FileHandle, open, rm, stat, utimes } from "node:fs/promises";
import type { Clock } from "@modelyard/core";
import { publish } from "./durable-file.ts";
import type { Layout } from "./layout.ts";

/** What came of a file. */
export interface StoredBlob {
  readonly digest: string;
  readonly sizeBytes: number;
}

/** A file on its way in; begun anew, or on top of what an earlier try left. */
export class BlobWriter {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #hash: Hash;
  #sizeBytes: number;

  private constructor(start: { readonly file: FileHandle; readonly path: string; readonly hash: Hash; readonly sizeBytes: number }) {
    this.#file = start.file;
    this.#path = start.path;
    this.#hash = start.hash;
    this.#sizeBytes = start.sizeBytes;
  }

  /** Opens `path` in the partial folder; what it holds already is hashed again and kept. */
  static async resume(path: string): Promise<BlobWriter> {
    const hash = createHash("sha256");
    const file = await open(path, "a", 0o600);
    const { size } = await file.stat();
    if (size > 0) for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    return new BlobWriter({ file, path, hash, sizeBytes: size });
  }

  /** Bytes taken in so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    this.#sizeBytes += chunk.byteLength;
    await this.#file.appendFile(chunk);
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

  /** Gives the bytes their place; bytes that are there already are kept and made young again, so that garbage collection leaves them; a stored file of another length is damaged and replaced. */
  async store(layout: Layout, clock: Clock): Promise<StoredBlob> {
    await this.#file.sync();
    await this.#file.close();
    const stored = { digest: `sha256:${this.#hash.digest("hex")}`, sizeBytes: this.#sizeBytes };
    const place = layout.blob(stored.digest);
    if (await touch(place, { clock, sizeBytes: stored.sizeBytes })) {
      await rm(this.#path, { force: true });
    } else {
      await chmod(this.#path, 0o444);
      await publish(this.#path, place);
    }
    return stored;
  }
}

/** Makes a file young; false when there is none, or one of another length than it must have. */
export async function touch(path: string, options: { readonly clock: Clock; readonly sizeBytes: number }): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found?.size !== options.sizeBytes) return false;
  const now = options.clock.nowMs() / 1000;
  try {
    await utimes(path, now, now);
  } catch (error) {
    // Garbage collection was faster.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  return true;
}
