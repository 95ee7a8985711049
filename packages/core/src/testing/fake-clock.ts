/** A clock that moves only when told to. */
import { assert } from "../assert.ts";
import type { Clock, Timer } from "../clock.ts";

/** A {@link Clock} whose time the test owns. */
export interface FakeClock extends Clock {
  /** Moves time forward and fires each timer that falls due, in order; promises settle between them. */
  advance(byMs: number): Promise<void>;
  /** Timers that are set and not yet fired. */
  readonly pending: number;
}

interface Waiting {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Starts at `startMs` (default 1,700,000,000,000). */
export function fakeClock(startMs = 1_700_000_000_000): FakeClock {
  let elapsedMs = 0;
  let order = 0;
  const waiting = new Set<Waiting>();
  const nextDue = (untilMs: number): Waiting | undefined =>
    [...waiting].filter((one) => one.dueMs <= untilMs).toSorted((a, b) => a.dueMs - b.dueMs || a.order - b.order)[0];
  return {
    nowMs: () => startMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    setTimer(delayMs, callback): Timer {
      assert(!Number.isNaN(delayMs), "a timer has a delay");
      const one = { dueMs: elapsedMs + Math.max(delayMs, 0), order: order++, callback };
      waiting.add(one);
      return { cancel: () => void waiting.delete(one) };
    },
    async advance(byMs) {
      const untilMs = elapsedMs + byMs;
      await settled();
      for (let due = nextDue(untilMs); due; due = nextDue(untilMs)) {
        elapsedMs = Math.max(elapsedMs, due.dueMs);
        waiting.delete(due);
        due.callback();
        await settled();
      }
      elapsedMs = untilMs;
    },
    get pending() {
      return waiting.size;
    },
  };
}

/** Lets promise callbacks run, however long their chains are. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
