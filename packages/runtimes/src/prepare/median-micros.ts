/**
 * How long a run takes: the median of several, within a limit of time.
 *
 * What is recorded decides for good where a model runs, and prepare often runs on a machine whose cores are all busy, where one of a thousand small
 * models looks as slow as one that needs a worker. So a time that is neither clearly short nor clearly long is taken again a little later, from the
 * runs that were cut in on least, and the shortest counts.
 */
import type { Tensor } from "@modelyard/codec";
import { type Clock, sleep } from "@modelyard/core";

/** One run. */
export type RunOnce = () => Promise<readonly Tensor[]>;

const maxRuns = 31;
const maxMeasureMs = 250;
// Below, a run is on the I/O thread whatever a busy machine adds; above, a busy machine is not the reason.
const clearlyShortMicros = 100;
const clearlyLongMicros = 5_000;
const maxRounds = 3;
const median = 0.5;
const lowestTenth = 0.1;
// What takes the core away comes and goes within a few milliseconds.
const pauseMs = 10;

/** Microseconds; at least one run is made. */
export async function medianMicros(run: RunOnce, clock: Clock): Promise<number> {
  let shortest = await timeOfRound(run, clock, median);
  for (let rounds = 1; rounds < maxRounds && isDoubtful(shortest); rounds++) {
    await sleep(clock, pauseMs);
    shortest = Math.min(shortest, await timeOfRound(run, clock, lowestTenth));
  }
  return shortest;
}

function isDoubtful(micros: number): boolean {
  return micros >= clearlyShortMicros && micros < clearlyLongMicros;
}

async function timeOfRound(run: RunOnce, clock: Clock, quantile: number): Promise<number> {
  const startMs = clock.monotonicMs();
  const micros: number[] = [];
  while (micros.length < maxRuns && (micros.length === 0 || clock.monotonicMs() - startMs < maxMeasureMs)) {
    const runStartMs = clock.monotonicMs();
    await run();
    micros.push((clock.monotonicMs() - runStartMs) * 1000);
  }
  return micros.toSorted((a, b) => a - b)[Math.floor(micros.length * quantile)] ?? 0;
}
