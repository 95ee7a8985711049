/** The API keys of a store, for as long as a program runs, whatever happens to the store meanwhile. */
import { type Clock, type KeyChanges, type Log, type Random, sleep, type WatchedKeys, watchKeys } from "@modelyard/core";
import { listAndWatch, type Store } from "@modelyard/store";

/** What {@link followKeys} works with. */
export interface FollowKeysDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
}

const retryMs = 5_000;

/** Follows the keys until it is closed; what was read stays in force while the store is away. */
export function followKeys({ store, clock, log, random }: FollowKeysDeps): WatchedKeys {
  const follow = async (prefix: string, changes: KeyChanges, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      try {
        await listAndWatch(store, prefix, { clock, random, log, signal, ...changes });
      } catch (error) {
        log.error("API keys are not followed; it is tried again", error);
        await sleep(clock, retryMs, signal).catch(() => {
          // Closed: the loop's condition ends it.
        });
      }
    }
  };
  return watchKeys({ follow, log });
}
