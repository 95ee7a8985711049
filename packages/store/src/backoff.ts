/** Waits between attempts: doubling, limited, and spread by chance so that many clients of one store do not return together. */
import { type Clock, type Random, sleep } from "@modelyard/core";

/** Options of {@link Backoff}. */
export interface BackoffOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Before the second attempt, in milliseconds. Default 50. */
  readonly firstDelayMs?: number;
  /** Longest wait, in milliseconds. Default 5,000. */
  readonly maxDelayMs?: number;
}

/** Counts attempts that failed one after the other. */
export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /** Waits between half and the whole of the next delay; rejects with the signal's reason when it is aborted. */
  wait(signal?: AbortSignal): Promise<void> {
    const { clock, random, firstDelayMs = 50, maxDelayMs = 5_000 } = this.#options;
    const wholeMs = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(this.#failures, 30));
    this.#failures++;
    return sleep(clock, wholeMs * (0.5 + random.next() / 2), signal);
  }
}
