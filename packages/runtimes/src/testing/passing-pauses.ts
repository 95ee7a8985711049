/** Lets the pauses of a measurement pass whose own time the test moves. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { FakeClock } from "@modelyard/core/testing";

/** The result of `work`; whenever it waits for the clock, time moves until it does not. */
export async function passingPauses<T>(work: Promise<T>, clock: FakeClock): Promise<T> {
  let isDone = false;
  const done = (): void => {
    isDone = true;
  };
  work.then(done, done);
  while (!isDone) {
    await nextTurn();
    if (clock.pending > 0) await clock.advance(10);
  }
  return await work;
}
