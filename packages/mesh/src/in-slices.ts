/**
 * Walks what may be long in slices, so that no turn of the event loop does more than the work of one slice, however many records there are.
 *
 * Invariant: what fits into one slice is done before the call returns; a timer is set only where there is more.
 */
import { type Clock, sleep } from "@modelyard/core";

/** How {@link inSlices} walks. */
export interface SliceOptions {
  readonly clock: Clock;
  /** Ends it between two slices. */
  readonly signal: AbortSignal;
  /** Most items that are visited in one turn of the event loop. */
  readonly size: number;
}

/** Visits all items in order; false when the signal ended it before. Rejects with what `visit` throws. */
export async function inSlices<T>(items: Iterable<T>, options: SliceOptions, visit: (slice: readonly T[]) => void): Promise<boolean> {
  const { clock, signal, size } = options;
  let slice: T[] = [];
  for (const item of items) {
    if (slice.length === size) {
      visit(slice);
      slice = [];
      await sleep(clock, 0, signal).catch(() => {
        // Aborted: the condition below ends it.
      });
    }
    if (signal.aborted) return false;
    slice.push(item);
  }
  visit(slice);
  return true;
}
