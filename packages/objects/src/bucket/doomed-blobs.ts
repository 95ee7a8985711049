/**
 * Removes blobs of a bucket in two steps, so that a machine that takes the same bytes in at the same time never relies on what is about to go.
 *
 * A collector first writes which blobs are doomed (`doomed/<holder>.json`); when they have been for long enough, it reads the leases and removes those that
 * nobody has a lease on, within `settleMs` of that reading. Whoever wants a doomed blob has written a lease before it looked: it waits `settleMs`, after which every
 * collector that did not see the lease has finished, and looks once more. A blob that is not doomed can only be removed after it was, by a collector that
 * then reads the lease. A crash leaves doomed blobs, which the next collection of that holder goes on with.
 */
import type { Clock } from "@modelyard/core";
import type { Bucket } from "./bucket.ts";
import { leaseMs, readLeases } from "./leases.ts";

/** Within this time of reading the leases a removal has happened, or is given up. */
export const settleMs = 60_000;

/** Removals begin within so long of the reading, and none takes longer than the second. */
const removalWindowMs = 20_000;
const removalLimitMs = 10_000;

const prefix = "doomed/";

/** One collection. */
export interface DoomedBlobsRun {
  readonly bucket: Bucket;
  readonly holder: string;
  readonly clock: Clock;
  /** The server's time. */
  readonly nowMs: number;
  /** How long a blob is doomed before it goes. */
  readonly minAgeMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Names of blobs to when they were doomed. */
type DoomedText = Readonly<Record<string, number>>;

/** Names of all blobs that some collector has doomed. */
export async function doomedBlobs(bucket: Bucket, signal: AbortSignal | undefined): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (const { key } of await bucket.list(prefix, signal)) for (const name of Object.keys(await readDoomed(bucket, key))) names.add(name);
  return names;
}

/** Dooms `candidates`, names of blobs nothing names, and removes those that were doomed long enough. */
export async function removeDoomed(run: DoomedBlobsRun, candidates: ReadonlySet<string>): Promise<void> {
  const { bucket, holder, nowMs, minAgeMs, signal } = run;
  const key = `${prefix}${holder}.json`;
  const before = await readDoomed(bucket, key);
  const doomed = Object.fromEntries([...candidates].map((name) => [name, before[name] ?? nowMs]));
  if (candidates.size > 0 || Object.keys(before).length > 0) await writeDoomed(bucket, key, doomed);
  const due = Object.keys(doomed).filter((name) => nowMs - (doomed[name] ?? nowMs) >= minAgeMs);
  const removed = await removeUnleased(run, due);
  if (removed.size > 0) await writeDoomed(bucket, key, Object.fromEntries(Object.entries(doomed).filter(([name]) => !removed.has(name))));
  for (const other of await bucket.list(prefix, signal))
    if (other.key !== key && nowMs - other.modifiedAtMs > leaseMs) await bucket.remove(other.key, signal);
}

/** Names that are settled: removed, or protected by a lease. */
async function removeUnleased(run: DoomedBlobsRun, due: readonly string[]): Promise<ReadonlySet<string>> {
  const { bucket, clock, nowMs, signal } = run;
  const removed = new Set<string>();
  const queue = [...due];
  while (queue.length > 0) {
    const endMs = clock.monotonicMs() + removalWindowMs;
    const { blobs } = await readLeases(bucket, { nowMs, signal });
    while (queue.length > 0 && clock.monotonicMs() < endMs) {
      const name = queue.pop() ?? "";
      if (!blobs.has(`sha256:${name}`)) await removeSoon(run, name);
      removed.add(name);
    }
  }
  return removed;
}

async function removeSoon({ bucket, clock, signal }: DoomedBlobsRun, name: string): Promise<void> {
  const limit = new AbortController();
  const timer = clock.setTimer(removalLimitMs, () => limit.abort());
  try {
    await bucket.remove(`blobs/${name}`, signal ? AbortSignal.any([signal, limit.signal]) : limit.signal);
  } finally {
    timer.cancel();
  }
}

async function readDoomed(bucket: Bucket, key: string): Promise<DoomedText> {
  const bytes = await bucket.read(key);
  // Written by this file only.
  return bytes ? (JSON.parse(Buffer.from(bytes).toString("utf8")) as DoomedText) : {};
}

function writeDoomed(bucket: Bucket, key: string, doomed: DoomedText): Promise<void> {
  return bucket.write(key, Buffer.from(JSON.stringify(doomed)));
}
