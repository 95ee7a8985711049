/**
 * Uploads on disk: `<id>.bytes` is what arrived, `<id>.json` what was announced; an upload exists while its `.json` does. The offset is the length of
 * `.bytes`, so a kill at any moment loses nothing that the kernel has.
 *
 * What a kill leaves: bytes without a record (not an upload, and an id to drop), a whole upload without its digest.
 */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@modelyard/core";
import { writeDurably } from "../internal/durable-file.ts";
import { touch } from "../internal/place-blob.ts";
import type { Upload } from "./upload-contract.ts";

/** Options of {@link UploadFiles}. */
export interface UploadFilesOptions {
  readonly directory: string;
  readonly clock: Clock;
  /** An upload expires so long after its last byte. */
  readonly maxAgeMs: number;
}

/** What is kept of an upload beside its bytes. */
export interface UploadRecord {
  readonly lengthBytes: number;
  readonly name: string;
  readonly metadata?: string;
  readonly digest?: string;
}

const idPattern = /^[0-9a-f]{24}$/;

/** The files of one folder, which is there; one process writes. */
export class UploadFiles {
  readonly #options: UploadFilesOptions;

  constructor(options: UploadFilesOptions) {
    this.#options = options;
  }

  /** Ids of which there is any file. */
  async ids(): Promise<readonly string[]> {
    const names = await readdir(this.#options.directory);
    return [...new Set(names.map((name) => name.slice(0, name.indexOf("."))))].filter((id) => idPattern.test(id));
  }

  /** The upload as it stands, expired or not; `undefined` when there is none. */
  async read(id: string): Promise<Upload | undefined> {
    if (!idPattern.test(id)) return undefined;
    try {
      const record = parseRecord(await readFile(this.#recordOf(id), "utf8"));
      const { size, mtimeMs } = await stat(this.bytesOf(id));
      return record && { id, ...record, offsetBytes: size, expiresAtMs: mtimeMs + this.#options.maxAgeMs };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** A new one, without bytes. Rejects when there is one of this id. */
  async create(id: string, record: UploadRecord): Promise<void> {
    const file = await open(this.bytesOf(id), "wx", 0o600);
    await file.close();
    await this.#touch(id, 0);
    await this.write(id, record);
  }

  /** Replaces the record. */
  async write(id: string, record: UploadRecord): Promise<void> {
    const path = this.#recordOf(id);
    await writeDurably(path, { temporary: `${path}.new`, bytes: Buffer.from(JSON.stringify(record)) });
  }

  /** For bytes that follow those that are there; {@link UploadFiles.settle} closes it. */
  openBytes(id: string): Promise<FileHandle> {
    return open(this.bytesOf(id), "a");
  }

  /** Makes what arrived durable, and the upload as young as it; `sizeBytes`: of all that is there now. */
  async settle(file: FileHandle, id: string, sizeBytes: number): Promise<void> {
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#touch(id, sizeBytes);
  }

  /** The SHA-256 of the bytes, to be gone on with. */
  async hash(id: string): Promise<Hash> {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(this.bytesOf(id))) hash.update(chunk as Buffer);
    return hash;
  }

  /** Removes every file of it; without effect when there is none. */
  async drop(id: string): Promise<void> {
    for (const path of [this.#recordOf(id), `${this.#recordOf(id)}.new`, this.bytesOf(id)]) await rm(path, { force: true });
  }

  /** Path of the bytes. */
  bytesOf(id: string): string {
    return join(this.#options.directory, `${id}.bytes`);
  }

  #recordOf(id: string): string {
    return join(this.#options.directory, `${id}.json`);
  }

  async #touch(id: string, sizeBytes: number): Promise<void> {
    await touch(this.bytesOf(id), { clock: this.#options.clock, sizeBytes });
  }
}

function parseRecord(text: string): UploadRecord | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) return undefined;
  const { lengthBytes, name, metadata, digest } = value as Record<string, unknown>;
  if (typeof lengthBytes !== "number" || typeof name !== "string") return undefined;
  return {
    lengthBytes,
    name,
    ...(typeof metadata === "string" ? { metadata } : {}),
    ...(typeof digest === "string" ? { digest } : {}),
  };
}
