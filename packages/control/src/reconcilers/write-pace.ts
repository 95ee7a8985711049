/**
 * Holds back writes of statuses. A service may write twenty times at once, then once a second. What comes and goes with traffic may be written three times
 * at once (a model is gone, loading, loaded again: the last must not wait), then every ten seconds, and a few times a second for all services together, so
 * that churn does not become load on the store.
 */
import type { Clock } from "@modelyard/core";

interface Bucket {
  readonly burst: number;
  readonly refillMs: number;
}

const urgentOfOne: Bucket = { burst: 20, refillMs: 1_000 };
const idleOfOne: Bucket = { burst: 3, refillMs: 10_000 };
const idleOfAll: Bucket = { burst: 20, refillMs: 50 };

/** The pace of every service's status. */
export class WritePace {
  readonly #clock: Clock;
  /** When the bucket of a name will be full again. */
  readonly #fullAtMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes the right to write a change somebody may wait for: 0, or how long to wait before asking again, in milliseconds. */
  takeUrgent(key: string): number {
    return this.#take([[`urgent ${key}`, urgentOfOne]]);
  }

  /** Takes the right to write a change that comes and goes with traffic. */
  takeIdle(key: string): number {
    return this.#take([
      [`idle ${key}`, idleOfOne],
      ["all", idleOfAll],
    ]);
  }

  /** Forgets a key. */
  forget(key: string): void {
    this.#fullAtMs.delete(`urgent ${key}`);
    this.#fullAtMs.delete(`idle ${key}`);
  }

  #take(buckets: readonly (readonly [string, Bucket])[]): number {
    const nowMs = this.#clock.monotonicMs();
    const next = buckets.map(([name, { burst, refillMs }]) => {
      const fullAtMs = Math.max(nowMs, this.#fullAtMs.get(name) ?? nowMs) + refillMs;
      return { name, fullAtMs, waitMs: fullAtMs - nowMs - burst * refillMs };
    });
    const waitMs = Math.max(...next.map((one) => one.waitMs));
    if (waitMs > 0) return waitMs;
    for (const { name, fullAtMs } of next) this.#fullAtMs.set(name, fullAtMs);
    return 0;
  }
}
