/**
 * The bytes of one file that come over a network: length and checksum are checked, an interrupted body is continued under the validator it began with,
 * and what arrived survives a kill. A continued body never mixes two versions: a partial file whose validator is unknown or another is dropped.
 */
import { createHash } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { failure, PlatformError } from "@modelyard/core";
import { BlobWriter } from "./blob-writer.ts";
import { type Checksum, hashOf } from "./checksum.ts";
import { type IdleGuard, idleGuard } from "./idle-guard.ts";
import type { BlobPlaces, PlacedBlob } from "./place-blob.ts";
import { retrying } from "./retry.ts";

/** One request for a body. */
export interface BodyRequest {
  /** First byte that is wanted. */
  readonly offset: number;
  /** Validator the bytes before `offset` belong to. */
  readonly validator: string | undefined;
  readonly signal: AbortSignal;
}

/** A body that has begun to arrive. */
export interface OpenedBody {
  readonly stream: AsyncIterable<Uint8Array>;
  /** It begins at byte 0, whatever was asked for. */
  readonly startsOver: boolean;
  /** Bytes the whole file has, where the server says so. */
  readonly totalBytes: number | undefined;
  /** A strong validator; without one the body is never continued. */
  readonly validator: string | undefined;
  /** The checksum that was announced for the file is not one of its bytes. */
  readonly isChecksumVoid?: boolean;
}

/** A file on a server. */
export interface RemoteBody {
  /** Tells it apart from everything else that may be on its way in. Only a hash of it is kept. */
  readonly identity: string;
  /** The file, as messages show it. */
  readonly label: string;
  /** More bytes than this are refused. */
  readonly maxBytes: number;
  /** Size, validator and checksum as announced before the body is asked for. */
  readonly announced?: { readonly sizeBytes: number; readonly validator: string | undefined; readonly checksum: Checksum | undefined };
  open(request: BodyRequest): Promise<OpenedBody>;
  failureOf(error: unknown): PlatformError;
}

/** What a fetch needs beside the body. */
export interface FetchDeps extends BlobPlaces {
  readonly signal: AbortSignal | undefined;
  /** Called as bytes arrive, with how many of the file there are. */
  readonly onBytes: (doneBytes: number, totalBytes: number | undefined) => void;
}

/** Names in the partial folder that a later process may continue. */
export const resumablePrefix = "fetch-";

/** Fetches a body to a blob. */
export async function fetchResumably(body: RemoteBody, deps: FetchDeps): Promise<PlacedBlob> {
  let reachedBytes = 0;
  let hasProgressed = false;
  const onBytes = (doneBytes: number, totalBytes: number | undefined): void => {
    hasProgressed ||= doneBytes > reachedBytes;
    reachedBytes = Math.max(reachedBytes, doneBytes);
    deps.onBytes(doneBytes, totalBytes);
  };
  const attempt = (): Promise<PlacedBlob> => {
    hasProgressed = false;
    return attemptFetch(body, { ...deps, onBytes });
  };
  return retrying(attempt, { ...deps, failureOf: (error) => body.failureOf(error), hasProgressed: () => hasProgressed });
}

async function attemptFetch(body: RemoteBody, deps: FetchDeps): Promise<PlacedBlob> {
  const part = join(deps.layout.partial, `${resumablePrefix}${createHash("sha256").update(body.identity).digest("hex")}`);
  const { writer: begun, validator } = await resumeWriter(body, part);
  let writer = begun;
  let isChecksumVoid = false;
  const idle = idleGuard({ ...deps, label: body.label });
  try {
    if (writer.sizeBytes === 0 || writer.sizeBytes !== body.announced?.sizeBytes) {
      const opened = await body.open({ offset: writer.sizeBytes, validator, signal: idle.signal });
      if (opened.startsOver && writer.sizeBytes > 0) {
        await writer.discard();
        writer = await BlobWriter.resume(part, extraHash(body));
      }
      checkSize(body, opened);
      isChecksumVoid = opened.isChecksumVoid === true;
      await writeFile(`${part}.json`, JSON.stringify({ validator: body.announced?.validator ?? opened.validator } satisfies PartialState));
      await copyBody({ body, opened, writer, idle }, deps);
    }
  } catch (error) {
    // Bytes of what is no longer there must not be continued.
    if (PlatformError.is(error) && error.reason === "SOURCE_CHANGED") await writer.discard();
    else await writer.suspend();
    throw error;
  } finally {
    idle.end();
  }
  if (!isChecksumVoid) await checkSum(body, writer);
  const stored = await writer.store(deps);
  await rm(`${part}.json`, { force: true });
  return stored;
}

/** What the partial file on disk belongs to. */
interface PartialState {
  readonly validator: string | undefined;
}

async function resumeWriter(body: RemoteBody, part: string): Promise<{ writer: BlobWriter; validator: string | undefined }> {
  const validator = await readValidator(part);
  const isSame = body.announced === undefined || body.announced.validator === validator;
  if (validator === undefined || !isSame) await rm(part, { force: true });
  const writer = await BlobWriter.resume(part, extraHash(body));
  if (writer.sizeBytes <= (body.announced?.sizeBytes ?? Number.POSITIVE_INFINITY)) return { writer, validator };
  await writer.discard();
  return { writer: await BlobWriter.resume(part, extraHash(body)), validator };
}

function extraHash({ announced }: RemoteBody): ReturnType<typeof hashOf> | undefined {
  return announced?.checksum && hashOf(announced.checksum, announced.sizeBytes);
}

function checkSize(body: RemoteBody, { totalBytes }: OpenedBody): void {
  const { announced, label, maxBytes } = body;
  if ((totalBytes ?? 0) > maxBytes) throw tooLarge(body);
  if (announced === undefined || totalBytes === undefined || totalBytes === announced.sizeBytes) return;
  throw failure("SOURCE_REFUSED", { source: label, why: `${announced.sizeBytes} bytes were announced and ${totalBytes} are sent` });
}

interface Copying {
  readonly body: RemoteBody;
  readonly opened: OpenedBody;
  readonly writer: BlobWriter;
  readonly idle: IdleGuard;
}

async function copyBody({ body, opened, writer, idle }: Copying, deps: FetchDeps): Promise<void> {
  const totalBytes = opened.totalBytes ?? body.announced?.sizeBytes;
  const limit = Math.min(body.maxBytes, totalBytes ?? Number.POSITIVE_INFINITY);
  for await (const chunk of opened.stream) {
    idle.touch();
    if (writer.sizeBytes + chunk.byteLength > limit) throw limit === body.maxBytes ? tooLarge(body) : tooLong(body, limit);
    await writer.write(chunk);
    deps.onBytes(writer.sizeBytes, totalBytes);
  }
  if (totalBytes === undefined || writer.sizeBytes === totalBytes) return;
  throw failure("SOURCE_UNAVAILABLE", { source: body.label, why: `${writer.sizeBytes} of ${totalBytes} bytes arrived` });
}

/** Bytes that are wrong are dropped: to continue them would keep them wrong. */
async function checkSum(body: RemoteBody, writer: BlobWriter): Promise<void> {
  const expected = body.announced?.checksum;
  const actual = writer.extraDigest();
  if (!expected || actual === expected.hex) return;
  await writer.discard();
  const name = (hex: string): string => `${expected.algorithm}:${hex}`;
  throw failure("ARTIFACT_DIGEST_MISMATCH", { source: body.label, actual: name(actual ?? ""), expected: name(expected.hex) });
}

function tooLarge({ label, maxBytes }: RemoteBody): PlatformError {
  return failure("SOURCE_REFUSED", { source: label, why: `it is larger than the limit of ${maxBytes} bytes` });
}

function tooLong({ label }: RemoteBody, limit: number): PlatformError {
  return failure("SOURCE_REFUSED", { source: label, why: `${limit} bytes were announced and more are sent` });
}

async function readValidator(part: string): Promise<string | undefined> {
  try {
    const value = JSON.parse(await readFile(`${part}.json`, "utf8")) as { readonly validator?: unknown };
    return typeof value.validator === "string" ? value.validator : undefined;
  } catch {
    // Absent, or cut off by a kill: the fetch starts over.
    return undefined;
  }
}
