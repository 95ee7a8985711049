/**
 * Events on their way to one consumer of a watch: handed over at once when it waits, held up to a limit when it does not.
 * Order is kept and nothing is dropped silently: the buffer either gives every event or fails.
 */
import type { WatchBatch, WatchEvent } from "../contract.ts";

type Ending = { readonly kind: "closed" } | { readonly kind: "failed"; readonly error: unknown };

interface Waiting {
  readonly resolve: (result: IteratorResult<WatchBatch>) => void;
  readonly reject: (error: unknown) => void;
}

/** Queue of one watch; the consuming side is an async iterator. */
export class EventBuffer implements AsyncIterator<WatchBatch> {
  readonly #limit: number;
  readonly #onReturn: () => void;
  #events: WatchEvent[] = [];
  #revision = 0;
  #ending: Ending | undefined;
  #waiting: Waiting[] = [];
  #drained: (() => void)[] = [];

  /** `onReturn` is called when the consumer leaves its loop. */
  constructor(limit: number, onReturn: () => void) {
    this.#limit = limit;
    this.#onReturn = onReturn;
  }

  get ended(): boolean {
    return this.#ending !== undefined;
  }

  /** Adds a batch; false when the consumer has fallen too far behind. A batch that meets an empty buffer is always taken. */
  push(batch: WatchBatch): boolean {
    if (this.#ending || batch.events.length === 0) return true;
    const waiting = this.#waiting.shift();
    if (waiting) {
      waiting.resolve({ done: false, value: batch });
      return true;
    }
    if (this.#events.length > 0 && this.#events.length + batch.events.length > this.#limit) return false;
    this.#revision = batch.revision;
    for (const event of batch.events) this.#events.push(event);
    return true;
  }

  /** Resolves when the consumer has taken all there is, or the buffer has ended. */
  drained(): Promise<void> {
    if (this.#events.length === 0 || this.#ending) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  /** Ends it with an error; what is still held is dropped. */
  fail(error: unknown): void {
    this.#end({ kind: "failed", error });
  }

  /** Ends it. */
  close(): void {
    this.#end({ kind: "closed" });
  }

  next(): Promise<IteratorResult<WatchBatch>> {
    if (this.#events.length > 0) {
      const value: WatchBatch = { revision: this.#revision, events: this.#events };
      this.#events = [];
      this.#release();
      return Promise.resolve({ done: false, value });
    }
    if (this.#ending) return endOf(this.#ending);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<WatchBatch>> {
    this.#onReturn();
    return Promise.resolve({ done: true, value: undefined });
  }

  #end(ending: Ending): void {
    if (this.#ending) return;
    this.#ending = ending;
    this.#events = [];
    this.#release();
    for (const { resolve, reject } of this.#waiting.splice(0)) endOf(ending).then(resolve, reject);
  }

  #release(): void {
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}

function endOf(ending: Ending): Promise<IteratorResult<WatchBatch>> {
  return ending.kind === "failed" ? Promise.reject(ending.error) : Promise.resolve({ done: true, value: undefined });
}
