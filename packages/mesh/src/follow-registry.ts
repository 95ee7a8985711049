/**
 * Keeps the view of the registry true until the mesh closes, whatever happens to the store. However much there is to take, requests are answered in
 * between: no turn of the event loop takes more than a slice of it.
 */
import { type Clock, type Log, type Random, sleep } from "@modelyard/core";
import { type ListPagesAndWatchOptions, listPagesAndWatch, type Store, type WatchBatch, type WatchEvent } from "@modelyard/store";
import { inSlices, TurnBudget } from "./in-slices.ts";
import type { RegistryView } from "./registry-view.ts";

/** What {@link followRegistry} works with. */
export interface FollowRegistryDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Ends it. */
  readonly signal: AbortSignal;
}

const retryMs = 5_000;
const prefix = "mesh/";
/** Records that are read in one turn: about 8 us each. */
const readAtOnce = 100;
/** Records that are looked at in one turn when a listing is over: below 1 us each. */
const lookedAtAtOnce = 1_000;

type Callbacks = Pick<ListPagesAndWatchOptions, "onPage" | "onEvents">;

/** Resolves when the signal is aborted. Never rejects. */
export async function followRegistry(view: RegistryView, deps: FollowRegistryDeps): Promise<void> {
  const { store, clock, random, log, signal } = deps;
  const callbacks = takeInSlices(view, deps);
  while (!signal.aborted) {
    try {
      await listPagesAndWatch(store, prefix, { clock, random, log, signal, ...callbacks });
    } catch (error) {
      log.error("the registry is not followed; it is tried again", error);
      await sleep(clock, retryMs, signal).catch(() => {
        // Closed: the loop's condition ends it.
      });
    }
  }
}

function takeInSlices(view: RegistryView, { clock, signal }: FollowRegistryDeps): Callbacks {
  const budget = new TurnBudget({ clock, signal, size: readAtOnce });
  return {
    async onPage({ keyValues, revision, isFirst, isLast }) {
      if (isFirst) view.beginListing(revision);
      for (let from = 0; from < keyValues.length && !signal.aborted; from += readAtOnce) {
        const slice = keyValues.slice(from, from + readAtOnce);
        view.takeListed(slice);
        await budget.spend(slice.length);
      }
      if (isLast) await inSlices(view.endListing(), { clock, signal, size: lookedAtAtOnce }, () => {});
    },
    async onEvents(batch) {
      for (const part of partsOf(batch)) {
        if (signal.aborted) return;
        view.apply(part);
        await budget.spend(part.events.length);
      }
    },
  };
}

/** Parts of a batch that are no longer than a slice, as far as events of one revision, which belong together, allow. */
function* partsOf({ events, revision }: WatchBatch): Generator<WatchBatch, void> {
  let part: WatchEvent[] = [];
  for (const event of events) {
    const before = part.at(-1)?.keyValue.modRevision;
    if (before !== undefined && part.length >= readAtOnce && event.keyValue.modRevision !== before) {
      yield { events: part, revision: before };
      part = [];
    }
    part.push(event);
  }
  yield { events: part, revision };
}
