/**
 * Garbage collection. An artifact goes when nothing refers to it, nobody has it open, and it is old enough not to be on its way in.
 *
 * Order, and what a crash leaves: (1) manifest removed: blobs without an artifact, which the next run removes; (2) markers are read again, and an
 * artifact that was opened meanwhile gets its manifest back; (3) blobs no manifest names are removed.
 */
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
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
  const { layout } = collection;
  const path = layout.manifest(digest);
  if (!(await isOlder(collection, { path, minAgeMs: collection.minAgeMs }))) return false;
  const bytes = await readFile(path);
  await rm(path);
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
    const path = join(old.folder, name);
    if (old.keep.has(name) || !(await isOlder(collection, { path, minAgeMs: old.minAgeMs }))) continue;
    removedBytes += (await stat(path)).size;
    await rm(path, { force: true });
  }
  return removedBytes;
}

async function isOlder(collection: Collection, age: { readonly path: string; readonly minAgeMs: number }): Promise<boolean> {
  const found = await stat(age.path).catch(() => undefined);
  return found !== undefined && collection.clock.nowMs() - found.mtimeMs >= age.minAgeMs;
}
