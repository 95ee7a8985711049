/** Tries again what a network spoilt: with back-off, within a limit, and no longer than it helps. */
import { type Clock, type PlatformError, sleep } from "@modelyard/core";

/** Tries in a row that bring nothing before the work fails. */
const maxFruitlessTries = 5;
/** Tries in all: of a connection that is cut over and over, each time a little later. */
const maxTries = 200;
/** Bytes that arrived and were wrong are fetched once more, not five times. */
const maxMismatches = 2;
const firstBackOffMs = 200;

/** Options of {@link retrying}. */
export interface RetryOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** What an error of the work means; only a retryable one is tried again. */
  readonly failureOf: (error: unknown) => PlatformError;
  /** Whether the try that failed brought anything; then the count of fruitless ones begins anew. */
  readonly hasProgressed?: () => boolean;
}

/** Runs the work until it succeeds, fails for good, or a limit is reached. */
export async function retrying<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, signal, failureOf, hasProgressed } = options;
  let fruitless = 0;
  let mismatches = 0;
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const cause = failureOf(error);
      fruitless = hasProgressed?.() ? 1 : fruitless + 1;
      if (cause.reason === "ARTIFACT_DIGEST_MISMATCH") mismatches++;
      const isOver = fruitless >= maxFruitlessTries || tries >= maxTries || mismatches >= maxMismatches;
      if (!cause.retryable || cause.reason === "SOURCE_CHANGED" || isOver) throw cause;
      await sleep(clock, cause.retryAfterMs ?? firstBackOffMs * 2 ** (fruitless - 1), signal);
    }
  }
}
