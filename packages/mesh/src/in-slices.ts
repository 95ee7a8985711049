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
  const { signal, size } = options;
  let slice: T[] = [];
  for (const item of items) {
    if (slice.length === size) {
      visit(slice);
      slice = [];
      await nextTurn(options);
    }
    if (signal.aborted) return false;
    slice.push(item);
  }
  visit(slice);
  return true;
}

/** The same for what comes in pieces: counts what was done in all of them since the last pause. */
export class TurnBudget {
  readonly #options: SliceOptions;
  #spent = 0;

  constructor(options: SliceOptions) {
    this.#options = options;
  }

  /** Call it after some of the work; waits for the next turn of the event loop when a slice is full. Resolves at once when the signal ends it. */
  async spend(count: number): Promise<void> {
    this.#spent += count;
    if (this.#spent < this.#options.size) return;
    this.#spent = 0;
    await nextTurn(this.#options);
  }
}

function nextTurn({ clock, signal }: SliceOptions): Promise<void> {
  return sleep(clock, 0, signal).catch(() => {
    // Aborted: whoever waits looks at the signal.
  });
}
