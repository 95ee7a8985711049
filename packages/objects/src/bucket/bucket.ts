/** A prefix of an S3 bucket as a place for small texts and large blobs. Whole objects only: what is written is there in full or not at all. */
import { type FileHandle, open } from "node:fs/promises";
import type { CompletedPart } from "@aws-sdk/client-s3";
import { failure, PlatformError } from "@modelyard/core";
import type { S3Source } from "../contract.ts";
import { openS3, type S3Session } from "../sources/s3/s3-client.ts";
import { statusOf } from "../sources/s3/s3-failure.ts";

/** An object, without its bytes. */
export interface StoredObject {
  /** Below the prefix. */
  readonly key: string;
  readonly sizeBytes: number;
  /** By the server's clock, in whole seconds: listings and single answers differ in what is below. */
  readonly modifiedAtMs: number;
}

/** Tries of one request: every one of them may be repeated without harm. */
const maxAttempts = 5;
/** Objects up to this size are sent in one request, and larger ones in parts of at least so many bytes, each held in memory and hashed before it goes. */
const partBytes = 16 * 2 ** 20;
/** S3 takes 10,000 parts. */
const maxParts = 9_000;

/** The place. */
export class Bucket {
  /** `s3://bucket/prefix`, for messages. */
  readonly place: string;
  readonly #session: S3Session;
  readonly #bucket: string;
  readonly #prefix: string;

  private constructor(session: S3Session, { bucket, path }: S3Source) {
    this.#session = session;
    this.#bucket = bucket;
    this.#prefix = path === "" || path.endsWith("/") ? path : `${path}/`;
    this.place = `s3://${bucket}/${this.#prefix}`;
  }

  static async open(source: S3Source): Promise<Bucket> {
    return new Bucket(await openS3(source, { maxAttempts }), source);
  }

  /** Whole key of an object in the bucket. */
  keyOf(key: string): string {
    return this.#prefix + key;
  }

  /** Bytes of a small object; undefined when there is none. */
  async read(key: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    return this.#asked(async ({ sdk, client }) => {
      const answer = await client.send(new sdk.GetObjectCommand(this.#at(key)), options(signal));
      return answer.Body?.transformToByteArray();
    }, signal);
  }

  async stat(key: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    return this.#asked(async ({ sdk, client }) => {
      const head = await client.send(new sdk.HeadObjectCommand(this.#at(key)), options(signal));
      return { key, sizeBytes: head.ContentLength ?? 0, modifiedAtMs: wholeSeconds(head.LastModified) };
    }, signal);
  }

  async write(key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#asked(
      ({ sdk, client }) => client.send(new sdk.PutObjectCommand({ ...this.#at(key), Body: bytes }), options(signal)),
      signal,
    );
  }

  /** Writes a local file; an object of the same name is replaced once the new one is whole. */
  async writeFile(key: string, from: { readonly path: string; readonly sizeBytes: number }, signal?: AbortSignal): Promise<void> {
    const file = await open(from.path, "r");
    try {
      if (from.sizeBytes <= partBytes) await this.write(key, await piece(file, { offset: 0, lengthBytes: from.sizeBytes }), signal);
      else await this.#writeParts(key, { file, sizeBytes: from.sizeBytes, signal });
    } finally {
      await file.close();
    }
  }

  /** Removes an object, if there is one. */
  async remove(key: string, signal?: AbortSignal): Promise<void> {
    await this.#asked(({ sdk, client }) => client.send(new sdk.DeleteObjectCommand(this.#at(key)), options(signal)), signal);
  }

  /** Every object whose key begins so. */
  async list(prefix: string, signal?: AbortSignal): Promise<readonly StoredObject[]> {
    const found: StoredObject[] = [];
    let token: string | undefined;
    do {
      const page = await this.#page(prefix, { token, signal });
      for (const { Key: key = "", Size: sizeBytes = 0, LastModified: modified } of page?.Contents ?? [])
        found.push({ key: key.slice(this.#prefix.length), sizeBytes, modifiedAtMs: wholeSeconds(modified) });
      token = page?.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
    return found;
  }

  close(): void {
    this.#session.client.destroy();
  }

  #at(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#bucket, Key: this.keyOf(key) };
  }

  #page(prefix: string, { token, signal }: { readonly token: string | undefined; readonly signal: AbortSignal | undefined }) {
    const wanted = { Bucket: this.#bucket, Prefix: this.keyOf(prefix), ...(token === undefined ? {} : { ContinuationToken: token }) };
    return this.#asked(({ sdk, client }) => client.send(new sdk.ListObjectsV2Command(wanted), options(signal)), signal, "NoSuchKey");
  }

  async #writeParts(
    key: string,
    from: { readonly file: FileHandle; readonly sizeBytes: number; readonly signal: AbortSignal | undefined },
  ): Promise<void> {
    const { signal } = from;
    const begun = await this.#asked(
      ({ sdk, client }) => client.send(new sdk.CreateMultipartUploadCommand(this.#at(key)), options(signal)),
      signal,
    );
    const upload = { ...this.#at(key), UploadId: begun?.UploadId };
    try {
      const parts = await this.#sendParts(upload, from);
      const whole = { ...upload, MultipartUpload: { Parts: parts } };
      await this.#asked(({ sdk, client }) => client.send(new sdk.CompleteMultipartUploadCommand(whole), options(signal)), signal);
    } catch (error) {
      // The parts cost room until they are given up; when that fails too, the first failure is the one to tell.
      await this.#session.client.send(new this.#session.sdk.AbortMultipartUploadCommand(upload)).catch(() => {});
      throw error;
    }
  }

  async #sendParts(
    upload: { readonly Bucket: string; readonly Key: string; readonly UploadId: string | undefined },
    { file, sizeBytes, signal }: { readonly file: FileHandle; readonly sizeBytes: number; readonly signal: AbortSignal | undefined },
  ): Promise<CompletedPart[]> {
    const stepBytes = Math.max(partBytes, Math.ceil(sizeBytes / maxParts));
    const parts: CompletedPart[] = [];
    for (let offset = 0; offset < sizeBytes; offset += stepBytes) {
      const Body = await piece(file, { offset, lengthBytes: Math.min(stepBytes, sizeBytes - offset) });
      const PartNumber = parts.length + 1;
      const sent = await this.#asked(
        ({ sdk, client }) => client.send(new sdk.UploadPartCommand({ ...upload, PartNumber, Body }), options(signal)),
        signal,
      );
      parts.push({ PartNumber, ...(sent?.ETag === undefined ? {} : { ETag: sent.ETag }) });
    }
    return parts;
  }

  /** The answer; undefined when there is no such object. An absent bucket is a failure. */
  async #asked<Answer>(
    ask: (session: S3Session) => Promise<Answer>,
    signal: AbortSignal | undefined,
    absent: "NotFound" | "NoSuchKey" = "NotFound",
  ): Promise<Answer | undefined> {
    try {
      return await ask(this.#session);
    } catch (error) {
      signal?.throwIfAborted();
      const name = error instanceof Error ? error.name : "";
      if (statusOf(error) === 404 && (name === absent || name === "NoSuchKey")) return undefined;
      throw this.#failure(error);
    }
  }

  /** Only the server's error code is shown: its texts may repeat parts of a signature. */
  #failure(error: unknown): PlatformError {
    if (PlatformError.is(error)) return error;
    const status = statusOf(error);
    const name = error instanceof Error && /^[A-Za-z]+$/.test(error.name) ? error.name : "Error";
    const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
    const why = status === undefined ? `the connection failed with ${code ?? name}` : `the server answered with status ${status} (${name})`;
    return failure("ARTIFACT_BUCKET_UNAVAILABLE", { place: this.place, why }, { cause: error });
  }
}

function options(signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } {
  return signal ? { abortSignal: signal } : {};
}

function wholeSeconds(date: Date | undefined): number {
  return Math.floor((date?.getTime() ?? 0) / 1000) * 1000;
}

async function piece(
  file: FileHandle,
  { offset, lengthBytes }: { readonly offset: number; readonly lengthBytes: number },
): Promise<Uint8Array> {
  const bytes = Buffer.alloc(lengthBytes);
  let filled = 0;
  while (filled < lengthBytes) {
    const { bytesRead } = await file.read(bytes, filled, lengthBytes - filled, offset + filled);
    if (bytesRead === 0) throw failure("INTERNAL", { what: "A stored blob became shorter while it was read" });
    filled += bytesRead;
  }
  return bytes;
}
