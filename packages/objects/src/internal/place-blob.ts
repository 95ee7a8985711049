/** Gives synced bytes their place in the store under their digest, and takes back what turned out not to be wanted. */
import { chmod, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, type Random, randomInteger } from "@modelyard/core";
import { publish } from "./durable-file.ts";
import type { Layout } from "./layout.ts";

/** What came of a file. */
export interface StoredBlob {
  readonly digest: string;
  readonly sizeBytes: number;
}

/** A blob that has its place. */
export interface PlacedBlob extends StoredBlob {
  /** When its file was last written, if the bytes were not there before: {@link takeBackBlob} tells by it whether somebody else wants them too. */
  readonly writtenAtMs?: number;
}

/**
 * Moves the file at `path` to its place. Bytes that are there already are kept and made young again, so that garbage collection leaves them; a stored file
 * of another length is damaged and replaced.
 */
export async function placeBlob(
  path: string,
  to: { readonly layout: Layout; readonly clock: Clock; readonly stored: StoredBlob },
): Promise<PlacedBlob> {
  const { digest, sizeBytes } = to.stored;
  const place = to.layout.blob(digest);
  if (await touch(place, { clock: to.clock, sizeBytes })) {
    await rm(path, { force: true });
    return { digest, sizeBytes };
  }
  await chmod(path, 0o444);
  const { mtimeMs } = await stat(path);
  await publish(path, place);
  return { digest, sizeBytes, writtenAtMs: mtimeMs };
}

/**
 * Removes bytes that this process brought and nobody else wants. They are moved aside first and looked at once more, as garbage collection does: who took
 * the same bytes in meanwhile made them young before, and they are moved back, or misses them afterwards and writes them anew.
 */
export async function takeBackBlob(blob: PlacedBlob, from: { readonly layout: Layout; readonly random: Random }): Promise<void> {
  if (blob.writtenAtMs === undefined) return;
  const place = from.layout.blob(blob.digest);
  const aside = join(from.layout.partial, `taken-back-${randomInteger(from.random, 2 ** 48).toString(16)}`);
  const isUntouched = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.mtimeMs === blob.writtenAtMs;
  if (!(await isUntouched(place))) return;
  await rename(place, aside);
  if (await isUntouched(aside)) await rm(aside, { force: true });
  else await rename(aside, place);
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
