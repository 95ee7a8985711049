/** A clock for work that is done within a callback: `fakeClock` moves between callbacks alone. */
import type { Clock } from "../clock.ts";
import { fakeClock } from "./fake-clock.ts";

/** See the module. */
export interface WorkClock extends Clock {
  /** So much time goes by. No timer fires. */
  work(forMs: number): void;
}

/** Starts at 0. */
export function workClock(): WorkClock {
  let workedMs = 0;
  return {
    ...fakeClock(),
    monotonicMs: () => workedMs,
    work: (forMs) => {
      workedMs += forMs;
    },
  };
}
