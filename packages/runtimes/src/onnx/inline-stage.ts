/**
 * Runs on the I/O thread, put off to the end of the turn of the event loop: requests are read, then they run one after the other, then they are
 * answered. A run and what reads and answers requests drive each other out of the core's caches; taken apart, a request costs less (decision 027).
 *
 * How long the waiting runs will take is told to who reads the sockets, so that what waits is bounded by what has been read already; a stage itself
 * ends in time on a slow core, too, and what is left is for the next turn.
 *
 * Hot path. Budget: 0.3 µs a run, and the clock, which is read once for each.
 */
import type { Clock, OwedWork } from "@modelyard/core";

/** A run that can wait. Neither of its steps throws. */
export interface InlineRun {
  readonly expectedMicros: number;
  run(startMs: number): void;
  /** When it was over. */
  readonly endMs: number;
  answer(): void;
}

/** Longest time in one turn, milliseconds; what was begun is finished. With garbage to collect in the same turn, 2 to 4 ms, more would be too much (decision 026). */
const longestMs = 1.5;

/** See the module. One for all models of a thread. */
export class InlineStage {
  readonly clock: Clock;
  readonly #owed: OwedWork;
  #waiting: InlineRun[] = [];
  #isScheduled = false;

  constructor(clock: Clock, owed: OwedWork) {
    this.clock = clock;
    this.#owed = owed;
  }

  /** Runs it at the end of this turn, or of a later one when there is more to do than fits in. */
  add(one: InlineRun): void {
    this.#waiting.push(one);
    this.#owed.micros += one.expectedMicros;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#onTurnEnd);
  }

  readonly #onTurnEnd = (): void => {
    const stage = this.#waiting;
    this.#waiting = [];
    this.#isScheduled = false;
    const count = this.#runInTime(stage);
    // Who is answered may send the next request within that call: it is for the next turn.
    for (let index = 0; index < count; index++) stage[index]?.answer();
    if (count < stage.length) this.#putBack(stage.slice(count));
  };

  /** How many there was time for: at least one. */
  #runInTime(stage: readonly InlineRun[]): number {
    const startMs = this.clock.monotonicMs();
    let nowMs = startMs;
    let count = 0;
    for (const one of stage) {
      if (count > 0 && nowMs - startMs >= longestMs) break;
      one.run(nowMs);
      this.#owed.micros -= one.expectedMicros;
      nowMs = one.endMs;
      count++;
    }
    return count;
  }

  #putBack(rest: readonly InlineRun[]): void {
    this.#waiting = [...rest, ...this.#waiting];
    this.#schedule();
  }
}
