/** Keeps the view of the registry true until the mesh closes, whatever happens to the store. */
import { type Clock, type Log, type Random, sleep } from "@modelyard/core";
import { listAndWatch, type Store } from "@modelyard/store";
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

/** Resolves when the signal is aborted. Never rejects. */
export async function followRegistry(view: RegistryView, deps: FollowRegistryDeps): Promise<void> {
  const { store, clock, random, log, signal } = deps;
  const onReset: Parameters<typeof listAndWatch>[2]["onReset"] = (keyValues, revision) => view.reset(keyValues, revision);
  while (!signal.aborted) {
    try {
      await listAndWatch(store, prefix, { clock, random, log, signal, onReset, onEvents: (batch) => view.apply(batch) });
    } catch (error) {
      log.error("the registry is not followed; it is tried again", error);
      await sleep(clock, retryMs, signal).catch(() => {
        // Closed: the loop's condition ends it.
      });
    }
  }
}
