/**
 * Garbage collection. An artifact goes when nothing refers to it, nobody has it open or is taking it in, and it is old; a blob when no manifest names it.
 *
 * Manifests go before blobs: what a crash leaves in between are blobs without an artifact, which the next run removes. Ingestions, readers and other
 * collections may be at work at the same time, in any process: `removal.ts` says why nothing of theirs is lost.
 */
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Log, Random } from "@modelyard/core";
import type { Artifact, GarbageReport } from "../contract.ts";
import { readArtifact } from "../local-artifacts.ts";
import { heldDigests } from "./holders.ts";
import { isDigest, type Layout } from "./layout.ts";
import { duringRemoval } from "./removal.ts";

/** Partial bytes nobody came back for are dropped after this long. */
const partialAgeMs = 7 * 24 * 3600 * 1000;
/** Files that are removed in one go, while others wait. */
const maxBatch = 256;

/** What a collection needs. */
export interface Collection {
  readonly layout: Layout;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly isReferenced: (digest: string) => boolean;
  readonly minAgeMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Runs one collection. */
export async function collectGarbage(collection: Collection): Promise<GarbageReport> {
  const { layout, isReferenced } = collection;
  const digests = await storedDigests(layout);
  const held = await heldDigests(layout);
  const due = digests.filter((digest) => !held.has(digest) && !isReferenced(digest));
  const removedArtifacts = await removeArtifacts(collection, due);
  const removedBytes = await removeOrphans(collection);
  await removeOldPartials(collection);
  return { removedArtifacts, removedBytes, keptArtifacts: digests.length - removedArtifacts };
}

/** Digests of every artifact in the folder. */
export async function storedDigests(layout: Layout): Promise<readonly string[]> {
  const names = await readdir(layout.artifacts);
  return names.filter((name) => /^[0-9a-f]{64}\.json$/.test(name)).map((name) => `sha256:${name.slice(0, 64)}`);
}

async function removeArtifacts(collection: Collection, due: readonly string[]): Promise<number> {
  let removed = 0;
  for (const batch of batchesOf(due, collection.signal))
    removed += await duringRemoval(collection, async (held) => {
      let count = 0;
      for (const digest of batch)
        if (!held.has(digest) && (await removeOld(collection, collection.layout.manifest(digest))) !== undefined) count++;
      return count;
    });
  return removed;
}

/** Manifests that are written meanwhile are read before each batch: what they name was claimed until they were there. */
async function removeOrphans(collection: Collection): Promise<number> {
  const { layout, signal } = collection;
  const names = new BlobNames(collection);
  await names.update();
  const stored = (await readdir(layout.blobs)).map((name) => `sha256:${name}`).filter(isDigest);
  const orphans = stored.filter((digest) => !names.has(digest));
  let removedBytes = 0;
  for (const batch of batchesOf(orphans, signal))
    removedBytes += await duringRemoval(collection, async (held) => {
      await names.update();
      let bytes = 0;
      for (const digest of batch)
        if (!held.has(digest) && !names.has(digest)) bytes += (await removeOld(collection, layout.blob(digest))) ?? 0;
      return bytes;
    });
  return removedBytes;
}

/** The blobs that manifests name. */
class BlobNames {
  readonly #collection: Collection;
  readonly #read = new Set<string>();
  readonly #damaged = new Set<string>();
  readonly #names = new Set<string>();

  constructor(collection: Collection) {
    this.#collection = collection;
  }

  has(digest: string): boolean {
    return this.#names.has(digest);
  }

  /** Reads the manifests that are new or could not be read before. */
  async update(): Promise<void> {
    for (const digest of await storedDigests(this.#collection.layout)) {
      if (this.#read.has(digest)) continue;
      const artifact = await this.#readManifest(digest);
      if (artifact) this.#read.add(digest);
      for (const file of artifact?.files ?? []) this.#names.add(file.digest);
    }
  }

  async #readManifest(digest: string): Promise<Artifact | undefined> {
    const { layout, log } = this.#collection;
    try {
      return await readArtifact(layout, digest);
    } catch (error) {
      if (!this.#damaged.has(digest)) log.error("artifact manifest cannot be read", error, { digest });
      this.#damaged.add(digest);
      return undefined;
    }
  }
}

async function removeOldPartials(collection: Collection): Promise<void> {
  const { partial } = collection.layout;
  for (const name of await readdir(partial)) await removeOld({ ...collection, minAgeMs: partialAgeMs }, join(partial, name));
}

/** Removes a file that is old; its size, undefined when it stays. */
async function removeOld({ clock, minAgeMs }: Pick<Collection, "clock" | "minAgeMs">, path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || clock.nowMs() - found.mtimeMs < minAgeMs) return undefined;
  await rm(path, { force: true });
  return found.size;
}

function* batchesOf(digests: readonly string[], signal: AbortSignal | undefined): Generator<readonly string[]> {
  for (let start = 0; start < digests.length; start += maxBatch) {
    signal?.throwIfAborted();
    yield digests.slice(start, start + maxBatch);
  }
}
