/** How long a run takes: the median of several, within a limit of time. */
import type { Tensor } from "@modelyard/codec";
import type { Clock } from "@modelyard/core";

/** One run. */
export type RunOnce = () => Promise<readonly Tensor[]>;

const maxRuns = 31;
const maxMeasureMs = 250;

/** Microseconds; at least one run is made. */
export async function medianMicros(run: RunOnce, clock: Clock): Promise<number> {
  const startMs = clock.monotonicMs();
  const micros: number[] = [];
  while (micros.length < maxRuns && (micros.length === 0 || clock.monotonicMs() - startMs < maxMeasureMs)) {
    const runStartMs = clock.monotonicMs();
    await run();
    micros.push((clock.monotonicMs() - runStartMs) * 1000);
  }
  return micros.toSorted((a, b) => a - b)[Math.floor(micros.length / 2)] ?? 0;
}
