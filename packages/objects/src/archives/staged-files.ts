/**
 * Contents on their way into the store, all or nothing: they are written beside it and get their places only when the whole archive was accepted.
 * A kill leaves files in `partial/`, which the next start drops.
 */
import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Random, randomInteger } from "@modelyard/core";
import { type BlobPlaces, placeBlob, type StoredBlob } from "../internal/place-blob.ts";

/** Contents up to this many bytes are hashed before a file is made for them: the same small content many times costs one file. */
const smallBytes = 64 * 1024;

/** What staging needs. */
export interface StagingDeps extends BlobPlaces {
  readonly random: Random;
}

/** The contents of one archive. */
export class StagedFiles {
  readonly #deps: StagingDeps;
  readonly #prefix: string;
  readonly #staged = new Map<string, { readonly path: string; readonly sizeBytes: number }>();
  #count = 0;

  constructor(deps: StagingDeps) {
    this.#deps = deps;
    this.#prefix = join(deps.layout.partial, `unpack-${randomInteger(deps.random, 2 ** 48).toString(16)}`);
  }

  /** Takes one content in; the same content twice is kept once. */
  async take(chunks: AsyncIterable<Uint8Array>): Promise<StoredBlob> {
    const pending = new PendingContent(`${this.#prefix}-${this.#count++}`);
    try {
      for await (const chunk of chunks) await pending.write(chunk);
      const digest = pending.digest();
      if (this.#staged.has(digest)) await pending.discard();
      else this.#staged.set(digest, { path: await pending.keep(), sizeBytes: pending.sizeBytes });
      return { digest, sizeBytes: pending.sizeBytes };
    } catch (error) {
      await pending.discard();
      throw error;
    }
  }

  /** Gives every content its place in the store. */
  async publish(): Promise<void> {
    for (const [digest, { path, sizeBytes }] of this.#staged) await placeBlob(path, { ...this.#deps, stored: { digest, sizeBytes } });
    this.#staged.clear();
  }

  /** Removes what has no place yet; idempotent. */
  async discard(): Promise<void> {
    for (const { path } of this.#staged.values()) await rm(path, { force: true });
    this.#staged.clear();
  }
}

/** One content: in memory while it is small, then in a file. */
class PendingContent {
  readonly #path: string;
  readonly #hash: Hash = createHash("sha256");
  #parts: Uint8Array[] = [];
  #file: FileHandle | undefined;
  #sizeBytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    this.#sizeBytes += chunk.byteLength;
    if (this.#file) return this.#file.appendFile(chunk);
    this.#parts.push(chunk);
    if (this.#sizeBytes > smallBytes) await this.#spill();
  }

  digest(): string {
    return `sha256:${this.#hash.digest("hex")}`;
  }

  /** Syncs the content to its file. */
  async keep(): Promise<string> {
    const file = await this.#spill();
    await file.sync();
    await file.close();
    this.#file = undefined;
    return this.#path;
  }

  async discard(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    await rm(this.#path, { force: true });
  }

  async #spill(): Promise<FileHandle> {
    this.#file ??= await open(this.#path, "wx", 0o600);
    for (const part of this.#parts) await this.#file.appendFile(part);
    this.#parts = [];
    return this.#file;
  }
}
