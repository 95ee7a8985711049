/**
 * One file over HTTP: status, length and digest are checked, an interrupted body is resumed by range under the validator it began with
 * (RFC 9110 §13.1.5, §14.2), and what arrived survives a kill.
 */
import { createHash } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, failure, PlatformError, sleep } from "@modelyard/core";
import type { ArtifactSource, IngestOptions } from "../contract.ts";
import { describeSource } from "../source.ts";
import { BlobWriter, type StoredBlob } from "./blob-writer.ts";
import type { Layout } from "./layout.ts";

/** Tries of one body before the fetch fails; each goes on where the last ended. */
const maxAttempts = 5;
/** A body that brings nothing for this long is given up. */
const idleLimitMs = 30_000;
const firstBackOffMs = 200;

/** What a fetch needs. */
export interface HttpFetch {
  readonly source: Extract<ArtifactSource, { kind: "http" }>;
  readonly layout: Layout;
  readonly clock: Clock;
  readonly options: IngestOptions;
  /** More bytes than this are refused. */
  readonly maxBytes: number;
}

/** Fetches to a blob. `name` is the file's name: of the address's last segment. */
export async function fetchHttp(fetching: HttpFetch): Promise<StoredBlob & { readonly name: string }> {
  const { source, clock, options } = fetching;
  for (let attempt = 1; ; attempt++) {
    try {
      return { ...(await attemptFetch(fetching)), name: fileName(source.url) };
    } catch (error) {
      if (options.signal?.aborted) throw options.signal.reason;
      const cause = asFailure(source, error);
      if (!cause.retryable || attempt === maxAttempts) throw cause;
      await sleep(clock, cause.retryAfterMs ?? firstBackOffMs * 2 ** (attempt - 1), options.signal);
    }
  }
}

/** What the partial file on disk belongs to. */
interface PartialState {
  readonly validator: string | undefined;
}

async function attemptFetch(fetching: HttpFetch): Promise<StoredBlob> {
  const { source, layout, clock } = fetching;
  const part = join(layout.partial, `http-${createHash("sha256").update(source.url).digest("hex")}`);
  const state = await readState(part);
  if (!state?.validator) await rm(part, { force: true });
  let writer = await BlobWriter.resume(part);
  const idle = idleGuard(fetching);
  try {
    const response = await request(fetching, { offset: writer.sizeBytes, validator: state?.validator, signal: idle.signal });
    const body = checkedBody(source, response, writer.sizeBytes);
    if (body.startsOver) {
      await writer.discard();
      writer = await BlobWriter.resume(part);
    }
    await writeFile(`${part}.json`, JSON.stringify({ validator: validatorOf(response) } satisfies PartialState));
    await copyBody(fetching, { body, writer, idle });
  } catch (error) {
    await writer.suspend();
    throw error;
  } finally {
    idle.end();
  }
  const stored = await writer.store(layout, clock);
  await rm(`${part}.json`, { force: true });
  return stored;
}

interface Attempt {
  readonly offset: number;
  readonly validator: string | undefined;
  readonly signal: AbortSignal;
}

function request(fetching: HttpFetch, attempt: Attempt): Promise<Response> {
  const { source } = fetching;
  const headers: Record<string, string> = { ...source.headers, "accept-encoding": "identity" };
  if (attempt.offset > 0 && attempt.validator) {
    headers["range"] = `bytes=${attempt.offset}-`;
    headers["if-range"] = attempt.validator;
  }
  return fetch(source.url, { headers, signal: attempt.signal, redirect: "follow" });
}

interface CheckedBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly startsOver: boolean;
  /** Bytes the whole file has, where the server says so. */
  readonly totalBytes: number | undefined;
}

function checkedBody(source: HttpFetch["source"], response: Response, offset: number): CheckedBody {
  if (response.status === 416 && offset > 0)
    throw failure("SOURCE_UNAVAILABLE", { source: describeSource(source), why: "it became shorter" });
  if (response.status !== 200 && response.status !== 206) throw statusFailure(source, response);
  if (!response.body) throw failure("SOURCE_UNAVAILABLE", { source: describeSource(source), why: "the answer has no body" });
  const resumed = response.status === 206 && rangeStart(response) === offset;
  if (response.status === 206 && !resumed)
    throw failure("SOURCE_UNAVAILABLE", { source: describeSource(source), why: "another range was sent than asked for" });
  // A length beside a content coding counts coded bytes.
  const length = response.headers.has("content-encoding") ? undefined : numberOf(response.headers.get("content-length"));
  const startsOver = !resumed && offset > 0;
  return { stream: response.body, startsOver, totalBytes: length === undefined ? undefined : length + (resumed ? offset : 0) };
}

function statusFailure(source: HttpFetch["source"], response: Response): PlatformError {
  const details = { source: describeSource(source), why: `the server answered with status ${response.status}` };
  if (response.status === 404 || response.status === 410) return failure("SOURCE_NOT_FOUND", details);
  const retryAfter = numberOf(response.headers.get("retry-after"));
  const extras = retryAfter === undefined ? {} : { retryAfterMs: Math.min(retryAfter * 1000, idleLimitMs) };
  if (response.status >= 500 || response.status === 408 || response.status === 429) return failure("SOURCE_UNAVAILABLE", details, extras);
  return failure("SOURCE_REFUSED", details);
}

interface Copying {
  readonly body: CheckedBody;
  readonly writer: BlobWriter;
  readonly idle: IdleGuard;
}

async function copyBody(fetching: HttpFetch, copying: Copying): Promise<void> {
  const { source, maxBytes, options } = fetching;
  const { body, writer, idle } = copying;
  const total = body.totalBytes === undefined ? {} : { totalBytes: body.totalBytes };
  if ((body.totalBytes ?? 0) > maxBytes) throw tooLarge(source, maxBytes);
  for await (const chunk of body.stream) {
    idle.touch();
    if (writer.sizeBytes + chunk.byteLength > maxBytes) throw tooLarge(source, maxBytes);
    await writer.write(chunk);
    options.onProgress?.({ stage: "fetch", doneBytes: writer.sizeBytes, ...total });
  }
  if (body.totalBytes !== undefined && writer.sizeBytes !== body.totalBytes) {
    throw failure("SOURCE_UNAVAILABLE", { source: describeSource(source), why: `${writer.sizeBytes} of ${body.totalBytes} bytes arrived` });
  }
}

function tooLarge(source: HttpFetch["source"], maxBytes: number): PlatformError {
  return failure("SOURCE_REFUSED", { source: describeSource(source), why: `it is larger than the limit of ${maxBytes} bytes` });
}

interface IdleGuard {
  readonly signal: AbortSignal;
  touch(): void;
  /** Lets go of timer, listener and, where the answer was not read to its end, the connection. */
  end(): void;
}

/** Aborts when nothing arrives for the idle limit, or when the caller aborts. */
function idleGuard(fetching: HttpFetch): IdleGuard {
  const { clock, options, source } = fetching;
  const controller = new AbortController();
  const expire = (): void =>
    controller.abort(failure("SOURCE_UNAVAILABLE", { source: describeSource(source), why: `nothing arrived for ${idleLimitMs} ms` }));
  const cancel = (): void => controller.abort(options.signal?.reason);
  let timer = clock.setTimer(idleLimitMs, expire);
  if (options.signal?.aborted) cancel();
  options.signal?.addEventListener("abort", cancel, { once: true });
  return {
    signal: controller.signal,
    touch() {
      timer.cancel();
      timer = clock.setTimer(idleLimitMs, expire);
    },
    end() {
      timer.cancel();
      options.signal?.removeEventListener("abort", cancel);
      controller.abort();
    },
  };
}

function asFailure(source: HttpFetch["source"], error: unknown): PlatformError {
  if (PlatformError.is(error)) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  // Fetch standard, "Port blocking": no later attempt, nor another address of that port, fares better.
  if (cause instanceof Error && cause.message === "bad port") {
    const why = "its port, or the one it redirects to, is on the list of ports that the Fetch standard blocks";
    return failure("SOURCE_UNSUPPORTED", { source: describeSource(source), why }, { cause: error });
  }
  const code = (cause as NodeJS.ErrnoException).code;
  const why = code
    ? `the connection failed with ${code}`
    : `the connection failed: ${cause instanceof Error ? cause.message : String(cause)}`;
  return failure("SOURCE_UNAVAILABLE", { source: describeSource(source), why }, { cause: error });
}

/** A strong validator of the body: without one a partial body is never continued. */
function validatorOf(response: Response): string | undefined {
  const etag = response.headers.get("etag");
  if (etag && !etag.startsWith("W/")) return etag;
  return undefined;
}

async function readState(part: string): Promise<PartialState | undefined> {
  try {
    const value = JSON.parse(await readFile(`${part}.json`, "utf8")) as { readonly validator?: unknown };
    return { validator: typeof value.validator === "string" ? value.validator : undefined };
  } catch {
    // Absent, or cut off by a kill: the fetch starts over.
    return undefined;
  }
}

function rangeStart(response: Response): number | undefined {
  return numberOf(/^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1] ?? null);
}

function numberOf(text: string | null): number | undefined {
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
}

function fileName(url: string): string {
  const segment = decodeSafely(new URL(url).pathname.split("/").at(-1) ?? "");
  const usable = segment.replaceAll(/[^\w.+-]/g, "_");
  return usable === "" || usable === "." || usable === ".." ? "_model" : usable;
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded UTF-8: taken as it stands.
    return text;
  }
}
