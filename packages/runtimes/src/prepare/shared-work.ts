/** One piece of work per key however many wait for it; it is aborted only when the last of them has given up. */

interface Entry<T> {
  readonly work: Promise<T>;
  readonly controller: AbortController;
  waiters: number;
}

/** See the module. */
export class SharedWork<T> {
  readonly #entries = new Map<string, Entry<T>>();

  /** Starts the work of a key or joins it; rejects with the work's failure or this waiter's own signal. */
  async join(key: string, start: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const entry = this.#entries.get(key) ?? this.#start(key, start);
    entry.waiters++;
    try {
      return await orAborted(entry.work, signal);
    } finally {
      entry.waiters--;
      if (entry.waiters === 0) entry.controller.abort(signal.reason);
    }
  }

  #start(key: string, start: (signal: AbortSignal) => Promise<T>): Entry<T> {
    const controller = new AbortController();
    const forget = (): void => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    };
    const entry: Entry<T> = { work: start(controller.signal).finally(forget), controller, waiters: 0 };
    // Nobody may be left to hear of its failure.
    entry.work.catch(() => {});
    // Whoever comes after the last waiter left starts anew.
    controller.signal.addEventListener("abort", forget, { once: true });
    this.#entries.set(key, entry);
    return entry;
  }
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
