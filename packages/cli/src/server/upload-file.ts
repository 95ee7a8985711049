/**
 * Sends a local file to a server piece by piece, by the tus resumable upload protocol 1.0.0 (https://tus.io/protocols/resumable-upload). After a cut connection
 * it goes on where the server says the upload ends.
 */
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { type Clock, failure, type PlatformError, sleep } from "@modelyard/core";
import type { Fetch } from "@modelyard/resources";
import { isRecord } from "../input/model-metadata.ts";

/** What an upload needs. */
export interface UploadDeps {
  readonly controlUrl: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly doneBytes: number; readonly totalBytes: number }) => void;
}

/** A piece is held in memory, and sent again whole when the connection is cut amid it. */
const pieceBytes = 4 * 2 ** 20;
/** Tries in a row after which the server has no byte more. */
const maxFruitlessTries = 8;
const firstBackOffMs = 250;
const maxBackOffMs = 8_000;
const tus = { "tus-resumable": "1.0.0" } as const;

/** Uploads a file; gives the address by which the server knows it. Throws `SERVER_UNREACHABLE`, `UPLOAD_FAILED`, or what the server refused it with. */
export async function uploadFile(path: string, deps: UploadDeps): Promise<string> {
  const file = await open(path, "r");
  try {
    const { size: totalBytes } = await file.stat();
    const location = await create(path, totalBytes, deps);
    await sendAll({ file, path, totalBytes, location }, deps);
    return `upload://${location.split("/").at(-1) ?? ""}`;
  } finally {
    await file.close();
  }
}

interface Sending {
  readonly file: FileHandle;
  readonly path: string;
  readonly totalBytes: number;
  readonly location: string;
}

async function create(path: string, totalBytes: number, deps: UploadDeps): Promise<string> {
  const metadata = `filename ${Buffer.from(basename(path)).toString("base64")}`;
  const headers = { ...tus, "upload-length": String(totalBytes), "upload-metadata": metadata };
  const response = await ask(deps, "/uploads", { method: "POST", headers });
  const location = response.headers.get("location");
  if (response.status !== 201 || location === null) throw await refusal(path, response, deps);
  return new URL(location, deps.controlUrl).pathname;
}

async function sendAll(sending: Sending, deps: UploadDeps): Promise<void> {
  const { totalBytes } = sending;
  let offset = 0;
  for (let fruitless = 0; offset < totalBytes; ) {
    deps.onProgress({ doneBytes: offset, totalBytes });
    const before = offset;
    try {
      offset = await sendPiece(sending, offset, deps);
    } catch (error) {
      if (deps.signal.aborted || !isPassing(error) || fruitless >= maxFruitlessTries) throw error;
      await sleep(deps.clock, Math.min(maxBackOffMs, firstBackOffMs * 2 ** fruitless), deps.signal);
      // When this fails too, the next try asks again.
      offset = await reachedOffset(sending, deps).catch(() => before);
    }
    fruitless = offset > before ? 0 : fruitless + 1;
  }
  deps.onProgress({ doneBytes: totalBytes, totalBytes });
}

async function sendPiece({ file, path, totalBytes, location }: Sending, offset: number, deps: UploadDeps): Promise<number> {
  const body = Buffer.alloc(Math.min(pieceBytes, totalBytes - offset));
  const { bytesRead } = await file.read(body, 0, body.byteLength, offset);
  if (bytesRead !== body.byteLength) throw failure("UPLOAD_FAILED", { path, why: "the file became shorter while it was read" });
  const headers = { ...tus, "content-type": "application/offset+octet-stream", "upload-offset": String(offset) };
  const response = await ask(deps, location, { method: "PATCH", headers, body });
  if (response.status !== 204) throw await refusal(path, response, deps);
  return offsetOf(response, offset + bytesRead);
}

async function reachedOffset({ path, location }: Sending, deps: UploadDeps): Promise<number> {
  const response = await ask(deps, location, { method: "HEAD", headers: tus });
  if (response.status !== 200) throw await refusal(path, response, deps);
  return offsetOf(response, 0);
}

function offsetOf(response: Response, otherwise: number): number {
  const text = response.headers.get("upload-offset") ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : otherwise;
}

async function ask({ controlUrl, fetch, signal }: UploadDeps, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(controlUrl + path, { ...init, signal });
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const why = inner instanceof Error ? inner.message : String(inner);
    throw failure("SERVER_UNREACHABLE", { url: controlUrl, why }, { cause });
  }
}

/** Whether trying again may help: the connection was cut, the server restarts, or its count of bytes is another. */
function isPassing(error: unknown): boolean {
  const reason = (error as Partial<PlatformError>).reason;
  return reason === "SERVER_UNREACHABLE" || reason === "SERVER_FAILED" || reason === "UPLOAD_INTERRUPTED";
}

async function refusal(path: string, response: Response, { controlUrl: url }: UploadDeps): Promise<PlatformError> {
  const { status } = response;
  const value: unknown = await response.json().catch(() => undefined);
  const why = isRecord(value) && typeof value["message"] === "string" ? value["message"] : `the server answered with status ${status}`;
  if (status === 401) return failure("API_UNAUTHENTICATED", { url, why });
  if (status === 403) return failure("API_FORBIDDEN", { url, why });
  if (status === 408 || status === 409 || status === 423) return failure("UPLOAD_INTERRUPTED", { path, why });
  if (status >= 500) return failure("SERVER_FAILED", { status, why });
  return failure("UPLOAD_FAILED", { path, why });
}
