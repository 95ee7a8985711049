/**
 * Keeps who removes stored files and who relies on them out of each other's way, also between processes, without a lock that a kill could leave behind.
 *
 * Who relies on a digest marks it first, then waits until every removal that it sees has ended, and only then looks whether it is there. Who removes raises
 * a flag `removing/<holder>` first, then reads the marks, and removes nothing that is marked. So of two that meet, one sees the other: the mark keeps the file,
 * or the flag makes its owner wait and find the file gone. A file that is wanted is never away for a moment. The flag of a process that has ended counts for
 * nothing and is swept.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, failure, type PlatformError, type Random, sleep } from "@modelyard/core";
import { heldDigests, holderName, isAlive, namesIn, pidOf, writeMarker } from "./holders.ts";
import type { Layout } from "./layout.ts";

/** A removal is a few system calls a file: looks that follow each other at once, then with pauses, for a process that stands still. */
const quickLooks = 50;
const pauseMs = 10;
/** Of one that goes on for longer, the process stands still. */
const longestRemovalMs = 60_000;

/** Runs a removal, which must be short: others wait for it. It may remove what nobody holds. */
export async function duringRemoval<T>(
  { layout, random }: { readonly layout: Layout; readonly random: Random },
  remove: (held: ReadonlySet<string>) => Promise<T>,
): Promise<T> {
  const flag = join(layout.removing, holderName(random));
  await writeMarker(flag, layout.removing);
  try {
    return await remove(await heldDigests(layout));
  } finally {
    await rm(flag, { force: true });
  }
}

/**
 * Resolves when the removals that are under way now have ended; those that begin later see the marks that were made before the call. Rejects with
 * `ARTIFACTS_BUSY` when one of them does not end within a minute.
 */
export async function removalsEnded(
  layout: Layout,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal | undefined },
): Promise<void> {
  let waitedFor = await liveRemovals(layout);
  const startMs = clock.monotonicMs();
  for (let look = 1; waitedFor.length > 0; look++) {
    signal?.throwIfAborted();
    if (clock.monotonicMs() - startMs >= longestRemovalMs) throw busy(layout, waitedFor[0]);
    if (look > quickLooks) await sleep(clock, pauseMs, signal);
    const live = new Set(await liveRemovals(layout));
    waitedFor = waitedFor.filter((name) => live.has(name));
  }
}

function busy({ removing: folder }: Layout, name = ""): PlatformError {
  return failure("ARTIFACTS_BUSY", { folder, pid: pidOf(name), limitMs: longestRemovalMs });
}

async function liveRemovals(layout: Layout): Promise<readonly string[]> {
  const names = await namesIn(layout.removing);
  const live = names.filter(isAlive);
  for (const name of names) if (!live.includes(name)) await rm(join(layout.removing, name), { force: true });
  return live;
}
