/**
 * Uploads in a folder: takes pieces in, one at a time for each upload, hashes them on the way, and keeps the limits. A piece is synced before it is
 * acknowledged.
 *
 * What a kill leaves: bytes without a record (dropped by the next sweep), a whole upload without its digest (hashed when it is taken in).
 */
import { createHash, type Hash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { type Clock, failure, type Random, randomInteger } from "@modelyard/core";
import type { Upload, UploadLimits, UploadPiece, UploadRequest, Uploads } from "./upload-contract.ts";
import { UploadFiles } from "./upload-files.ts";

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

/** The hash of what is in a file so far. */
interface RunningHash {
  readonly hash: Hash;
  readonly sizeBytes: number;
}

const maxNameLength = 200;

/** The uploads of one folder; one process writes. */
export class UploadFolder implements Uploads {
  readonly limits: UploadLimits;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #files: UploadFiles;
  readonly #busy = new Set<string>();
  /** At most one for each upload there is; what is not here is read from disk again. */
  readonly #hashes = new Map<string, RunningHash>();
  /** Creations go one after the other, so that two do not both take the last place. */
  #creating: Promise<unknown> = Promise.resolve();

  private constructor(options: UploadFolderOptions) {
    const { directory, clock, random, limits } = options;
    this.#clock = clock;
    this.#random = random;
    this.limits = limits;
    this.#files = new UploadFiles({ directory, clock, maxAgeMs: limits.maxAgeMs });
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
    const upload = await this.#files.read(id);
    if (!upload || upload.expiresAtMs <= this.#clock.nowMs()) throw failure("UPLOAD_NOT_FOUND", { id });
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
    const nowMs = this.#clock.nowMs();
    for (const id of await this.#files.ids()) {
      if (this.#busy.has(id)) continue;
      const upload = await this.#files.read(id);
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
    return { name: upload.name, localPath: this.#files.bytesOf(id), sizeBytes: upload.lengthBytes, digest: upload.digest };
  }

  async #create(request: UploadRequest): Promise<Upload> {
    await this.#checkLimits(request.lengthBytes);
    const id = [1, 2]
      .map(() =>
        randomInteger(this.#random, 2 ** 48)
          .toString(16)
          .padStart(12, "0"),
      )
      .join("");
    const { lengthBytes, metadata } = request;
    await this.#files.create(id, { lengthBytes, name: safeName(request.name ?? ""), ...(metadata === undefined ? {} : { metadata }) });
    if (lengthBytes === 0) await this.#finish(await this.get(id), createHash("sha256"));
    return this.get(id);
  }

  async #checkLimits(lengthBytes: number): Promise<void> {
    const { maxBytes, maxCount, maxTotalBytes } = this.limits;
    if (lengthBytes > maxBytes) throw failure("UPLOAD_TOO_LARGE", { sizeBytes: lengthBytes, limitBytes: maxBytes });
    await this.sweep();
    let [count, totalBytes] = [0, lengthBytes];
    for (const id of await this.#files.ids()) {
      const upload = await this.#files.read(id);
      if (upload) count++;
      totalBytes += upload?.lengthBytes ?? 0;
    }
    if (count >= maxCount) throw failure("UPLOAD_LIMIT_REACHED", { what: `${maxCount} uploads` });
    if (totalBytes > maxTotalBytes) throw failure("UPLOAD_LIMIT_REACHED", { what: `${maxTotalBytes} bytes in all uploads` });
  }

  async #takePiece(upload: Upload, piece: UploadPiece): Promise<RunningHash> {
    const { id } = upload;
    const { hash, sizeBytes: start } = await this.#hashSoFar(upload);
    let sizeBytes = start;
    const file = await this.#files.openBytes(id);
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
      await this.#files.settle(file, id, sizeBytes);
      this.#hashes.set(id, { hash, sizeBytes });
    }
  }

  /** From memory when it is that of the file, else of the file's bytes. */
  async #hashSoFar(upload: Upload): Promise<RunningHash> {
    const known = this.#hashes.get(upload.id);
    this.#hashes.delete(upload.id);
    if (known?.sizeBytes === upload.offsetBytes) return known;
    return { hash: await this.#files.hash(upload.id), sizeBytes: upload.offsetBytes };
  }

  async #finish(upload: Upload, hash: Hash): Promise<void> {
    this.#hashes.delete(upload.id);
    const { lengthBytes, name, metadata } = upload;
    const digest = `sha256:${hash.digest("hex")}`;
    await this.#files.write(upload.id, { lengthBytes, name, ...(metadata === undefined ? {} : { metadata }), digest });
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

  async #drop(id: string): Promise<void> {
    this.#hashes.delete(id);
    await this.#files.drop(id);
  }
}

/** The last part of a name, without what could mean anything to anyone. */
function safeName(name: string): string {
  const usable = (name.split(/[/\\]/).at(-1) ?? "").replaceAll(/[^\w.+-]/g, "_").slice(-maxNameLength);
  return usable === "" || usable === "." || usable === ".." ? "_model" : usable;
}
