/**
 * Remembers what heads mean by their bytes, within limits on count and memory; when one is reached it starts afresh.
 *
 * Hot path. Budget: 0.5 µs a head.
 */

/** Limits of a {@link HeadMemo}. */
export interface HeadMemoLimits {
  readonly maxMemoBytes: number;
  readonly maxMemoEntries: number;
}

/** Heads above this size are unlikely to repeat often enough. */
const longestKeyBytes = 2048;

/** A memo of one connection, or of many that may share it. */
export class HeadMemo<T> {
  readonly #limits: HeadMemoLimits;
  readonly #byBytes = new Map<string, T>();
  #sizeBytes = 0;

  constructor(limits: HeadMemoLimits) {
    this.#limits = limits;
  }

  get(key: string): T | undefined {
    return this.#byBytes.get(key);
  }

  /** Remembers; what a head decodes to is taken to weigh eight times its bytes. */
  set(key: string, value: T): void {
    if (key.length > longestKeyBytes) return;
    const size = 256 + key.length * 8;
    if (this.#byBytes.size >= this.#limits.maxMemoEntries || this.#sizeBytes + size > this.#limits.maxMemoBytes) this.clear();
    if (size > this.#limits.maxMemoBytes) return;
    this.#byBytes.set(key, value);
    this.#sizeBytes += size;
  }

  clear(): void {
    if (this.#sizeBytes === 0) return;
    this.#byBytes.clear();
    this.#sizeBytes = 0;
  }
}
