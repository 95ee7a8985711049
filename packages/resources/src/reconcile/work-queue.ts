/**
 * Keys waiting to be reconciled. A key is in it at most once; one that is added while it is being worked on comes again afterwards, so that no change is
 * missed and no key is worked on twice at a time. A key that failed waits for its back-off.
 *
 * States of a key: absent → queued → working → absent; working + add → queued again at `done`; working + retry → delayed → queued.
 */
import type { Clock, Random, Timer } from "@modelyard/core";
import { type BackOff, backOffMs } from "../back-off.ts";

/** Options of {@link WorkQueue}. */
export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Waits of a key that fails again and again. Default 200 ms to 60 s. */
  readonly backOff?: BackOff;
  /** Most keys held; one more is refused, and the periodic pass of its reconciler finds it later. Default 100,000. */
  readonly maxKeys?: number;
}

const defaultBackOff: BackOff = { baseMs: 200, maxMs: 60_000 };

/** A bounded queue of distinct keys. */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #queued = new Set<string>();
  readonly #working = new Set<string>();
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, Timer>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #closed = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Keys that wait now, those in back-off included. */
  get length(): number {
    return this.#queued.size + this.#delayed.size;
  }

  /** Adds a key to be worked on as soon as possible; false when the queue is full or closed. */
  add(key: string): boolean {
    if (this.#closed) return false;
    if (this.#working.has(key)) {
      this.#again.add(key);
      return true;
    }
    if (this.#queued.has(key)) return true;
    if (!this.#delayed.has(key) && this.length >= (this.#options.maxKeys ?? 100_000)) return false;
    this.#cancelDelay(key);
    const taker = this.#takers.shift();
    if (!taker) this.#queued.add(key);
    else {
      this.#working.add(key);
      taker(key);
    }
    return true;
  }

  /** Adds a key after a delay; one that waits for less already is left alone only by {@link add}: the last call counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed || this.#queued.has(key)) return;
    this.#cancelDelay(key);
    const timer = this.#options.clock.setTimer(
      delayMs,
      () => {
        this.#delayed.delete(key);
        this.add(key);
      },
      { background: true },
    );
    this.#delayed.set(key, timer);
  }

  /** The next key, which is then being worked on until {@link done}; undefined once the queue is closed. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    for (const key of this.#queued) {
      this.#queued.delete(key);
      this.#working.add(key);
      return Promise.resolve(key);
    }
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** Ends the work on a key that succeeded: its back-off starts anew. */
  succeeded(key: string): void {
    this.#failures.delete(key);
    this.#done(key);
  }

  /** Ends the work on a key that failed: it comes again after its back-off, or at once when it was added meanwhile. Returns the wait in milliseconds. */
  failed(key: string): number {
    const attempt = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, attempt);
    const waitMs = backOffMs(this.#options.backOff ?? defaultBackOff, attempt, this.#options.random);
    if (!this.#done(key)) this.addAfter(key, waitMs);
    return waitMs;
  }

  /** Drops what waits and lets takers go; idempotent. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    this.#queued.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #done(key: string): boolean {
    this.#working.delete(key);
    return this.#again.delete(key) && this.add(key);
  }

  #cancelDelay(key: string): void {
    this.#delayed.get(key)?.cancel();
    this.#delayed.delete(key);
  }
}
