/** Gives synced bytes their place in the store under their digest, and takes back what turned out not to be wanted. */
import type { Stats } from "node:fs";
import { chmod, rename, rm, stat, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Clock, Random } from "@modelyard/core";
import type { Claim } from "./claim.ts";
import { publish, publishNew } from "./durable-file.ts";
import type { Layout } from "./layout.ts";
import { duringRemoval } from "./removal.ts";

/** What came of a file. */
export interface StoredBlob {
  readonly digest: string;
  readonly sizeBytes: number;
}

/** A blob that has its place. */
export interface PlacedBlob extends StoredBlob {
  /** Which file this is and when it was written, if the bytes were not there before: {@link takeBackBlob} tells by it whether somebody else wants them too. */
  readonly writtenAs?: string;
}

/** Where blobs get their places, and for whom. */
export interface BlobPlaces {
  readonly layout: Layout;
  readonly clock: Clock;
  /** Keeps what is placed until the ingestion ends. */
  readonly claim: Claim;
}

/**
 * Moves the file at `path`, which is in the partial folder, to its place. Bytes that are there already are kept and made young again, so that garbage
 * collection leaves them also after the claim has ended; a stored file of another length is damaged and replaced.
 */
export async function placeBlob(path: string, to: BlobPlaces & { readonly stored: StoredBlob }): Promise<PlacedBlob> {
  const { digest, sizeBytes } = to.stored;
  const place = to.layout.blob(digest);
  const isThere = (): Promise<boolean> => touch(place, { clock: to.clock, sizeBytes });
  await to.claim.add(digest);
  if (await isThere()) return keepStored(path, to.stored);
  // Under this name a kill leaves it to be dropped: nobody may go on writing to what has its place.
  const ready = join(dirname(path), `ready-${basename(path)}`);
  await rename(path, ready);
  await chmod(ready, 0o444);
  const writtenAs = versionOf(await stat(ready));
  if (await publishNew(ready, place)) return { digest, sizeBytes, writtenAs };
  if (await isThere()) return keepStored(ready, to.stored);
  await publish(ready, place);
  return { digest, sizeBytes, writtenAs };
}

async function keepStored(path: string, stored: StoredBlob): Promise<PlacedBlob> {
  await rm(path, { force: true });
  return stored;
}

/** Removes bytes that this ingestion brought and nobody else wants: no other claims them, and none that has ended wrote them, too, or made them young. */
export async function takeBackBlob(
  blob: PlacedBlob,
  from: { readonly layout: Layout; readonly random: Random; readonly claim: Claim },
): Promise<void> {
  if (blob.writtenAs === undefined) return;
  const place = from.layout.blob(blob.digest);
  await from.claim.drop(blob.digest);
  await duringRemoval(from, async (held) => {
    const found = await stat(place).catch(() => undefined);
    if (!held.has(blob.digest) && found && versionOf(found) === blob.writtenAs) await rm(place, { force: true });
  });
}

/** The inode, as the time alone is not enough: the kernel counts it in steps of some milliseconds. */
function versionOf({ ino, mtimeMs }: Stats): string {
  return `${ino} ${mtimeMs}`;
}

/** Makes a file young; false when there is none, or one of another length than it must have. */
export async function touch(path: string, options: { readonly clock: Clock; readonly sizeBytes: number }): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found?.size !== options.sizeBytes) return false;
  const now = options.clock.nowMs() / 1000;
  try {
    await utimes(path, now, now);
  } catch (error) {
    // The folder, a cache of a bucket, was deleted meanwhile.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  return true;
}
