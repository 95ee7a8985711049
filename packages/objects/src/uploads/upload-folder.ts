/**
 * Uploads in a folder: `<id>.bytes` is what arrived, `<id>.json` what was announced; an upload exists while its `.json` does. The offset is the length of
 * `.bytes`, so a kill at any moment loses nothing that the kernel has; a piece is synced before it is acknowledged.
 *
 * What a kill leaves: bytes without a record (dropped by the next sweep), a whole upload without its digest (hashed when it is taken in).
 */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, failure, type Random, randomInteger } from "@modelyard/core";
import { writeDurably } from "../internal/durable-file.ts";
import { touch } from "../internal/place-blob.ts";
import type { Upload, UploadLimits, UploadPiece, UploadRequest, Uploads } from "./upload-contract.ts";

/** What uploads need. */
export interface UploadFolderOptions {
  /** Made when absent. */
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: UploadLimits;
}

/** A whole upload, as a source of bytes. */
export interface UploadedFile {
  readonly name: string;
  readonly localPath: string;
  readonly sizeBytes: number;
  readonly digest: string | undefined;
}

interface UploadRecord {
  readonly lengthBytes: number;
  readonly name: string;
  readonly metadata?: string;
  readonly digest?: string;
}

/** The hash of what is in a file so far. */
interface RunningHash {
  readonly hash: Hash;
  readonly sizeBytes: number;
}

const idPattern = /^[0-9a-f]{24}$/;
const maxNameLength = 200;

/** The uploads of one folder; one process writes. */
export class UploadFolder implements Uploads {
  readonly limits: UploadLimits;
  readonly #options: UploadFolderOptions;
  readonly #busy = new Set<string>();
  /** At most one for each upload there is; what is not here is read from disk again. */
  readonly #hashes = new Map<string, RunningHash>();
  /** Creations go one after the other, so that two do not both take the last place. */
  #creating: Promise<unknown> = Promise.resolve();

  private constructor(options: UploadFolderOptions) {
    this.#options = options;
    this.limits = options.limits;
  }

  static async open(options: UploadFolderOptions): Promise<UploadFolder> {
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    const folder = new UploadFolder(options);
    await folder.sweep();
    return folder;
  }

  create(request: UploadRequest): Promise<Upload> {
    const created = this.#creating.then(() => this.#create(request));
    this.#creating = created.catch(() => {});
    return created;
  }

  async get(id: string): Promise<Upload> {
    const upload = idPattern.test(id) ? await this.#read(id) : undefined;
    if (!upload || upload.expiresAtMs <= this.#options.clock.nowMs()) throw failure("UPLOAD_NOT_FOUND", { id });
    return upload;
  }

  append(id: string, piece: UploadPiece): Promise<Upload> {
    return this.#alone(id, async () => {
      const upload = await this.get(id);
      if (piece.offsetBytes !== upload.offsetBytes)
        throw failure("UPLOAD_OFFSET_WRONG", { id, offset: piece.offsetBytes, actual: upload.offsetBytes });
      const running = await this.#takePiece(upload, piece);
      if (running.sizeBytes === upload.lengthBytes) await this.#finish(upload, running.hash);
      return this.get(id);
    });
  }

  async remove(id: string): Promise<void> {
    await this.#alone(id, async () => {
      await this.get(id);
      await this.#drop(id);
    });
  }

  async sweep(): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    const names = await readdir(this.#options.directory);
    const ids = new Set(names.map((name) => name.slice(0, name.indexOf("."))));
    for (const id of ids) {
      if (this.#busy.has(id) || !idPattern.test(id)) continue;
      const upload = await this.#read(id);
      if (!upload || upload.expiresAtMs <= nowMs) await this.#drop(id);
    }
  }

  /** The bytes of a whole upload; `SOURCE_NOT_FOUND` when it is not there or not whole. */
  async fileOf(id: string): Promise<UploadedFile> {
    const source = `upload://${id}`;
    const upload = await this.get(id).catch((cause: unknown) => {
      throw failure("SOURCE_NOT_FOUND", { source, why: "there is no such upload, or it expired" }, { cause });
    });
    if (upload.offsetBytes < upload.lengthBytes)
      throw failure("SOURCE_NOT_FOUND", { source, why: `only ${upload.offsetBytes} of ${upload.lengthBytes} bytes have arrived` });
    return { name: upload.name, localPath: this.#bytesOf(id), sizeBytes: upload.lengthBytes, digest: upload.digest };
  }

  async #create(request: UploadRequest): Promise<Upload> {
    const { random } = this.#options;
    await this.#checkLimits(request.lengthBytes);
    const id = [1, 2]
      .map(() =>
        randomInteger(random, 2 ** 48)
          .toString(16)
          .padStart(12, "0"),
      )
      .join("");
    const file = await open(this.#bytesOf(id), "wx", 0o600);
    await file.close();
    await this.#touch(id, 0);
    const { lengthBytes, metadata } = request;
    const record = { lengthBytes, name: safeName(request.name ?? ""), ...(metadata === undefined ? {} : { metadata }) };
    await this.#write(id, record);
    if (lengthBytes === 0) await this.#finish(await this.get(id), createHash("sha256"));
    return this.get(id);
  }

  async #checkLimits(lengthBytes: number): Promise<void> {
    const { maxBytes, maxCount, maxTotalBytes } = this.limits;
    if (lengthBytes > maxBytes) throw failure("UPLOAD_TOO_LARGE", { sizeBytes: lengthBytes, limitBytes: maxBytes });
    await this.sweep();
    const names = await readdir(this.#options.directory);
    const ids = names.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -".json".length));
    if (ids.length >= maxCount) throw failure("UPLOAD_LIMIT_REACHED", { what: `${maxCount} uploads` });
    let totalBytes = lengthBytes;
    for (const id of ids) totalBytes += (await this.#read(id))?.lengthBytes ?? 0;
    if (totalBytes > maxTotalBytes) throw failure("UPLOAD_LIMIT_REACHED", { what: `${maxTotalBytes} bytes in all uploads` });
  }

  async #takePiece(upload: Upload, piece: UploadPiece): Promise<RunningHash> {
    const { id } = upload;
    const { hash, sizeBytes: start } = await this.#hashSoFar(upload);
    let sizeBytes = start;
    const file = await open(this.#bytesOf(id), "a");
    try {
      for await (const chunk of piece.chunks) {
        if (sizeBytes + chunk.byteLength > upload.lengthBytes)
          throw failure("UPLOAD_TOO_LARGE", { sizeBytes: sizeBytes + chunk.byteLength, limitBytes: upload.lengthBytes });
        await file.appendFile(chunk);
        hash.update(chunk);
        sizeBytes += chunk.byteLength;
      }
      return { hash, sizeBytes };
    } finally {
      await this.#settle(file, { id, hash, sizeBytes });
    }
  }

  /** Makes what arrived durable, whatever ended the piece. */
  async #settle(file: FileHandle, at: RunningHash & { readonly id: string }): Promise<void> {
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    this.#hashes.set(at.id, at);
    await this.#touch(at.id, at.sizeBytes);
  }

  /** From memory when it is that of the file, else of the file's bytes. */
  async #hashSoFar(upload: Upload): Promise<RunningHash> {
    const known = this.#hashes.get(upload.id);
    this.#hashes.delete(upload.id);
    if (known?.sizeBytes === upload.offsetBytes) return known;
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(this.#bytesOf(upload.id))) hash.update(chunk as Buffer);
    return { hash, sizeBytes: upload.offsetBytes };
  }

  async #finish(upload: Upload, hash: Hash): Promise<void> {
    this.#hashes.delete(upload.id);
    const { lengthBytes, name, metadata } = upload;
    const digest = `sha256:${hash.digest("hex")}`;
    await this.#write(upload.id, { lengthBytes, name, ...(metadata === undefined ? {} : { metadata }), digest });
  }

  async #alone<T>(id: string, work: () => Promise<T>): Promise<T> {
    if (this.#busy.has(id)) throw failure("UPLOAD_BUSY", { id });
    this.#busy.add(id);
    try {
      return await work();
    } finally {
      this.#busy.delete(id);
    }
  }

  async #read(id: string): Promise<Upload | undefined> {
    try {
      const record = parseRecord(await readFile(this.#recordOf(id), "utf8"));
      const { size, mtimeMs } = await stat(this.#bytesOf(id));
      return record && { id, ...record, offsetBytes: size, expiresAtMs: mtimeMs + this.limits.maxAgeMs };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async #write(id: string, record: UploadRecord): Promise<void> {
    const path = this.#recordOf(id);
    await writeDurably(path, { temporary: `${path}.new`, bytes: Buffer.from(JSON.stringify(record)) });
  }

  async #drop(id: string): Promise<void> {
    this.#hashes.delete(id);
    for (const path of [this.#recordOf(id), `${this.#recordOf(id)}.new`, this.#bytesOf(id)]) await rm(path, { force: true });
  }

  async #touch(id: string, sizeBytes: number): Promise<void> {
    await touch(this.#bytesOf(id), { clock: this.#options.clock, sizeBytes });
  }

  #bytesOf(id: string): string {
    return join(this.#options.directory, `${id}.bytes`);
  }

  #recordOf(id: string): string {
    return join(this.#options.directory, `${id}.json`);
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

/** The last part of a name, without what could mean anything to anyone. */
function safeName(name: string): string {
  const usable = (name.split(/[/\\]/).at(-1) ?? "").replaceAll(/[^\w.+-]/g, "_").slice(-maxNameLength);
  return usable === "" || usable === "." || usable === ".." ? "_model" : usable;
}
