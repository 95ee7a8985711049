/**
 * Garbage collection of a bucket. An artifact goes when this holder does not use it, no other holder has a lease on it, and its manifest is old enough by
 * the server's clock.
 *
 * Order, and what a crash leaves: (1) own leases renewed; (2) manifests removed, leases read again, and what was leased meanwhile gets its manifest back: a
 * crash in between loses a manifest, which its holder's next collection writes again; (3) blobs no manifest names, by `removeDoomed`.
 */
import type { Clock, Log } from "@modelyard/core";
import { parseManifest } from "../manifest.ts";
import type { Bucket, StoredObject } from "./bucket.ts";
import { removeDoomed } from "./doomed-blobs.ts";
import { type Leases, readLeases } from "./leases.ts";

/** What a collection needs. */
export interface BucketCollection {
  readonly bucket: Bucket;
  readonly leases: Leases;
  readonly holder: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether this holder refers to an artifact or has it open. */
  readonly isUsed: (digest: string) => boolean;
  readonly minAgeMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Most manifests one collection removes; the next goes on. */
const maxRemovals = 1_000;

/** Key of an artifact's manifest. */
export function manifestKey(digest: string): string {
  return `artifacts/${digest.slice("sha256:".length)}.json`;
}

/** Digests of the artifacts in a bucket, with the objects of their manifests. */
export async function storedManifests(bucket: Bucket, signal?: AbortSignal): Promise<ReadonlyMap<string, StoredObject>> {
  const objects = await bucket.list("artifacts/", signal);
  return new Map(
    objects.flatMap((object): [string, StoredObject][] => {
      const hex = /^artifacts\/([0-9a-f]{64})\.json$/.exec(object.key)?.[1];
      return hex === undefined ? [] : [[`sha256:${hex}`, object]];
    }),
  );
}

/** Runs one collection; gives the digests that are left. */
export async function collectBucket(collection: BucketCollection): Promise<ReadonlySet<string>> {
  const { bucket, leases, isUsed, minAgeMs, signal } = collection;
  const manifests = await storedManifests(bucket, signal);
  const nowMs = await leases.renew([...manifests.keys()].filter(isUsed), { minAgeMs, signal });
  const { artifacts: leased } = await readLeases(bucket, { nowMs, signal });
  const isOld = ({ modifiedAtMs }: StoredObject): boolean => nowMs - modifiedAtMs >= minAgeMs;
  const due = [...manifests]
    .filter(([digest, object]) => !isUsed(digest) && !leased.has(digest) && isOld(object))
    .map(([digest]) => digest);
  const removed = await removeManifests(collection, { digests: due.slice(0, maxRemovals), nowMs });
  const left = new Set([...manifests.keys()].filter((digest) => !removed.has(digest)));
  const named = await namedBlobs(collection, left);
  if (named) {
    const blobs = (await bucket.list("blobs/", signal)).filter(isOld).map(({ key }) => key.slice("blobs/".length));
    await removeDoomed({ ...collection, nowMs }, new Set(blobs.filter((name) => !named.has(name))));
  }
  return left;
}

/** Digests whose manifests are gone for good. */
async function removeManifests(
  { bucket, signal }: BucketCollection,
  { digests, nowMs }: { readonly digests: readonly string[]; readonly nowMs: number },
): Promise<ReadonlySet<string>> {
  const removed = new Map<string, Uint8Array>();
  for (const digest of digests) {
    const bytes = await bucket.read(manifestKey(digest), signal);
    await bucket.remove(manifestKey(digest), signal);
    if (bytes) removed.set(digest, bytes);
  }
  if (removed.size === 0) return new Set();
  const { artifacts: leased } = await readLeases(bucket, { nowMs, signal });
  for (const [digest, bytes] of removed) {
    if (!leased.has(digest)) continue;
    await bucket.write(manifestKey(digest), bytes, signal);
    removed.delete(digest);
  }
  return new Set(removed.keys());
}

/** Names of the blobs of artifacts; undefined when one cannot be read: then no blob may go. */
async function namedBlobs(
  { bucket, log, signal }: BucketCollection,
  digests: ReadonlySet<string>,
): Promise<ReadonlySet<string> | undefined> {
  const names = new Set<string>();
  for (const digest of digests) {
    const bytes = await bucket.read(manifestKey(digest), signal);
    try {
      for (const file of bytes ? parseManifest(digest, bytes).files : []) names.add(file.digest.slice("sha256:".length));
    } catch (error) {
      log.error("An artifact's manifest in the bucket cannot be read; no blob is removed", error, { digest });
      return undefined;
    }
  }
  return names;
}
