/** Work that is done once a period. */
import { type Clock, type Log, sleep } from "@modelyard/core";

/** Options of {@link runPeriodically}. */
export interface PeriodicOptions {
  /** Of the log. */
  readonly name: string;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Runs `work` once a period until the signal is aborted; a failure is logged and the next period tries again. */
export async function runPeriodically(options: PeriodicOptions, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const { name, everyMs, clock, log, signal } = options;
  while (!signal.aborted) {
    try {
      await sleep(clock, everyMs, signal);
      await work(signal);
    } catch (error) {
      if (!signal.aborted) log.error("Periodic work failed", error, { work: name });
    }
  }
}
