/**
 * Garbage collection. An artifact goes when nothing refers to it, nobody has it open, and it is old enough not to be on its way in.
 *
 * Order, and what a crash leaves: (1) manifest removed: blobs without an artifact, which the next run removes; (2) markers are read again, and an
 * artifact that was opened meanwhile gets its manifest back; (3) blobs no manifest names are removed.
 */
import type { Stats } from "node:fs";
import { readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Clock, Log } from "@modelyard/core";
import type { GarbageReport } from "../contract.ts";
import { readArtifact } from "../local-artifacts.ts";
import { writeDurably } from "./durable-file.ts";
import { heldDigests } from "./holders.ts";
import type { Layout } from "./layout.ts";

/** Partial bytes nobody came back for are dropped after this long. */
const partialAgeMs = 7 * 24 * 3600 * 1000;

/** What a collection needs. */
export interface Collection {
  readonly layout: Layout;
  readonly clock: Clock;
  readonly log: Log;
  readonly isReferenced: (digest: string) => boolean;
  readonly minAgeMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Runs one collection. */
export async function collectGarbage(collection: Collection): Promise<GarbageReport> {
  const { layout, signal } = collection;
  const digests = await storedDigests(layout);
  const held = await heldDigests(layout);
  let removedArtifacts = 0;
  for (const digest of digests) {
    signal?.throwIfAborted();
    if (held.has(digest) || collection.isReferenced(digest)) continue;
    if (await removeArtifact(collection, digest)) removedArtifacts++;
  }
  const removedBytes = await removeOrphans(collection);
  await removeOldFiles(collection, { folder: layout.partial, minAgeMs: partialAgeMs, keep: new Set() });
  return { removedArtifacts, removedBytes, keptArtifacts: digests.length - removedArtifacts };
}

/** Digests of every artifact in the folder. */
export async function storedDigests(layout: Layout): Promise<readonly string[]> {
  const names = await readdir(layout.artifacts);
  return names.filter((name) => /^[0-9a-f]{64}\.json$/.test(name)).map((name) => `sha256:${name.slice(0, 64)}`);
}

async function removeArtifact(collection: Collection, digest: string): Promise<boolean> {
  const { layout, minAgeMs } = collection;
  const path = layout.manifest(digest);
  const bytes = await readFile(path);
  if ((await removeOld(collection, { path, minAgeMs })) === undefined) return false;
  if (!(await heldDigests(layout)).has(digest)) return true;
  await writeDurably(path, { temporary: join(layout.partial, `restore-${digest.slice(7)}`), bytes });
  return false;
}

async function removeOrphans(collection: Collection): Promise<number> {
  const { layout, minAgeMs, log } = collection;
  const named = new Set<string>();
  for (const digest of await storedDigests(layout)) {
    const artifact = await readArtifact(layout, digest).catch((error: unknown) => {
      log.error("artifact manifest cannot be read", error, { digest });
      return undefined;
    });
    for (const file of artifact?.files ?? []) named.add(file.digest.slice(7));
  }
  return removeOldFiles(collection, { folder: layout.blobs, minAgeMs, keep: named });
}

interface OldFiles {
  readonly folder: string;
  readonly minAgeMs: number;
  readonly keep: ReadonlySet<string>;
}

async function removeOldFiles(collection: Collection, old: OldFiles): Promise<number> {
  let removedBytes = 0;
  for (const name of await readdir(old.folder)) {
    if (old.keep.has(name)) continue;
    removedBytes += (await removeOld(collection, { path: join(old.folder, name), minAgeMs: old.minAgeMs })) ?? 0;
  }
  return removedBytes;
}

/**
 * Removes a file that is old; gives its size, undefined when it stays. It is moved aside first and looked at once more: somebody who took the same bytes in
 * meanwhile either made it young before, and it is moved back, or misses it afterwards and writes it anew. A crash in between loses a file that nothing
 * referred to; whoever wants it again takes its source in again.
 */
async function removeOld(collection: Collection, old: { readonly path: string; readonly minAgeMs: number }): Promise<number | undefined> {
  if (!isOlder(collection, await statOf(old.path), old.minAgeMs)) return undefined;
  const aside = join(collection.layout.partial, `garbage-${basename(old.path)}`);
  try {
    await rename(old.path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const found = await statOf(aside);
  if (found && !isOlder(collection, found, old.minAgeMs)) {
    await rename(aside, old.path);
    return undefined;
  }
  await rm(aside, { force: true });
  return found?.size;
}

function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}

function isOlder({ clock }: Collection, found: Stats | undefined, minAgeMs: number): boolean {
  return found !== undefined && clock.nowMs() - found.mtimeMs >= minAgeMs;
}
