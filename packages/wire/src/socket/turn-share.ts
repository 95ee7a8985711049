/**
 * How much of one turn of the event loop goes to what clients have sent: beyond it the rest waits for the next turn, so that answers leave, timers
 * fire and others get their turn however many sockets are readable at once, and however slow the core is just now.
 *
 * A turn is not watched before it has taken some time, because watching each one would cost as much as most of them take. What was spent unwatched
 * counts, even if it was in the turns before: a share may be short by that.
 *
 * Hot path. Budget: 0.1 µs a read.
 */
import type { Clock, OwedWork } from "@modelyard/core";

/** Something that was read and not looked at. */
export interface Held {
  /** Looks at a part of it; whether there is more. */
  deliver(): boolean;
}

/** Longest time in one turn, milliseconds; what was begun is finished. */
const longestMs = 1;
const watchedFromMs = 0.25;

/** See the module. One for all connections of a server, or of a peer. */
export class TurnShare {
  readonly #clock: Clock;
  readonly #owed: OwedWork | undefined;
  /** In order of arrival. */
  #waiting: Held[] = [];
  #isWatched = false;
  /** Of a turn that is watched. */
  #sinceMs = 0;
  /** Until one is. */
  #spentMs = 0;

  /** `owed`: what was put off of what was read. Default: nothing is. */
  constructor(clock: Clock, owed?: OwedWork) {
    this.#clock = clock;
    this.#owed = owed;
  }

  /** Whether nothing more is to be begun in this turn. */
  isSpent(nowMs: number): boolean {
    const spentMs = this.#isWatched ? nowMs - this.#sinceMs : 0;
    return spentMs + (this.#owed?.micros ?? 0) / 1000 >= longestMs;
  }

  /** Counts what has been done since then. */
  spend(sinceMs: number): void {
    if (this.#isWatched) return;
    const nowMs = this.#clock.monotonicMs();
    this.#spentMs += nowMs - sinceMs;
    if (this.#spentMs >= watchedFromMs) this.#watch(nowMs - this.#spentMs);
  }

  /** Delivers it in its turn, part by part. At most once until it is delivered. */
  hold(one: Held): void {
    this.#waiting.push(one);
    if (!this.#isWatched) this.#watch(this.#clock.monotonicMs());
  }

  #watch(sinceMs: number): void {
    this.#isWatched = true;
    this.#sinceMs = sinceMs;
    setImmediate(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#isWatched = false;
    this.#spentMs = 0;
    if (this.#waiting.length === 0) return;
    this.#watch(this.#clock.monotonicMs());
    const waiting = this.#waiting;
    this.#waiting = [];
    let done = 0;
    for (const one of waiting) {
      if (this.isSpent(this.#clock.monotonicMs())) break;
      done++;
      if (one.deliver()) this.#waiting.push(one);
    }
    if (done < waiting.length) this.#waiting = [...waiting.slice(done), ...this.#waiting];
  };
}
