/**
 * The bytes that models may occupy: who has them, and who waits for them.
 *
 * Invariants: a reservation is granted only when it fits, in the order of asking; `usedBytes` exceeds the capacity only by what loads needed
 * beyond their prediction, and then nothing is granted until that is repaid.
 */
import { type Clock, failure, type Timer } from "@modelyard/core";

/** Options of {@link MemoryBudget}. */
export interface MemoryBudgetOptions {
  readonly clock: Clock;
  readonly capacityBytes: number;
  /** How long a reservation waits. */
  readonly timeoutMs: number;
  /** Asked to make room for so many bytes, which somebody needs, when they are not free; called again whenever something changed. */
  readonly makeRoom: (neededBytes: number, who: string) => void;
}

/** Who reserves, and until when. */
export interface ReservationOptions {
  /** Id of the model, for the explanation. */
  readonly who: string;
  readonly signal: AbortSignal;
}

interface Reservation {
  readonly who: string;
  readonly bytes: number;
  readonly signal: AbortSignal;
  readonly timer: Timer;
  readonly onAbort: () => void;
  readonly resolve: () => void;
}

/** Bytes in use and reservations that wait. */
export class MemoryBudget {
  readonly #options: MemoryBudgetOptions;
  readonly #waiting: Reservation[] = [];
  #usedBytes = 0;
  #leavingBytes = 0;
  #isServing = false;
  #isDirty = false;

  constructor(options: MemoryBudgetOptions) {
    this.#options = options;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Part of `usedBytes` that comes free by itself: models on their way out. */
  get leavingBytes(): number {
    return this.#leavingBytes;
  }

  /** Reserves bytes, after whoever asked before. Rejects with `MEMORY_EXHAUSTED` when they do not come free in time, or with the signal's reason. */
  reserve(bytes: number, options: ReservationOptions): Promise<void> {
    return this.#wait(bytes, { ...options, isFirst: false });
  }

  /** Changes what is charged by the difference between a prediction and the truth. */
  correct(differenceBytes: number): void {
    this.#usedBytes += differenceBytes;
    if (differenceBytes < 0) this.serve();
  }

  /** Resolves when no more than the capacity is used; goes before every reservation. */
  repaid(options: ReservationOptions): Promise<void> {
    return this.#wait(0, { ...options, isFirst: true });
  }

  /** Gives bytes back. */
  release(bytes: number): void {
    this.#usedBytes -= bytes;
    this.serve();
  }

  /** Whoever has these bytes is on the way out. */
  leave(bytes: number): void {
    this.#leavingBytes += bytes;
  }

  /** The way out has ended; bytes that were not freed stay charged. */
  left(bytes: number, isFreed: boolean): void {
    this.#leavingBytes -= bytes;
    if (isFreed) this.#usedBytes -= bytes;
    this.serve();
  }

  /** Grants what fits, and asks for room for the first that does not. Call it when more could be evicted than before. */
  serve(): void {
    // Evictions can release bytes at once and come back here; one loop does the work.
    this.#isDirty = true;
    if (this.#isServing) return;
    this.#isServing = true;
    while (this.#isDirty) {
      this.#isDirty = false;
      this.#serveOnce();
    }
    this.#isServing = false;
  }

  #serveOnce(): void {
    for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
      if (this.#usedBytes + first.bytes > this.#options.capacityBytes) {
        this.#options.makeRoom(first.bytes, first.who);
        return;
      }
      this.#usedBytes += first.bytes;
      this.#remove(first);
      first.resolve();
    }
  }

  #wait(bytes: number, options: ReservationOptions & { readonly isFirst: boolean }): Promise<void> {
    const { clock, timeoutMs } = this.#options;
    const { who, signal } = options;
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const give = (error: unknown): void => {
        this.#remove(one);
        reject(error);
        this.serve();
      };
      const onTimeout = (): void => give(failure("MEMORY_EXHAUSTED", { neededBytes: bytes, waitedMs: timeoutMs }, { retryAfterMs: 1_000 }));
      const onAbort = (): void => give(signal.reason);
      const one: Reservation = { who, bytes, signal, onAbort, resolve, timer: clock.setTimer(timeoutMs, onTimeout) };
      signal.addEventListener("abort", onAbort, { once: true });
      if (options.isFirst) this.#waiting.unshift(one);
      else this.#waiting.push(one);
      this.serve();
    });
  }

  #remove(one: Reservation): void {
    one.timer.cancel();
    one.signal.removeEventListener("abort", one.onAbort);
    const index = this.#waiting.indexOf(one);
    if (index >= 0) this.#waiting.splice(index, 1);
  }
}
