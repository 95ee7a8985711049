/** What the mesh decided and why, the most recent of it: a ring of bounded size that `describe` and an operator can ask. */

/** One decision about one model. */
export interface Decision {
  readonly atMs: number;
  readonly modelId: string;
  readonly kind: "load" | "loaded" | "loadFailed" | "evict" | "unloaded" | "unloadFailed" | "switch" | "crash" | "quarantine";
  /** Why, in words. */
  readonly reason: string;
  readonly sizeBytes?: number;
  /** How long it took, for what takes time. */
  readonly tookMs?: number;
}

/** The last decisions, oldest first. */
export class DecisionLog {
  readonly #ring: Decision[] = [];
  readonly #limit: number;
  #next = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Adds one; the oldest goes when the ring is full. */
  add(decision: Decision): void {
    if (this.#limit === 0) return;
    this.#ring[this.#next] = decision;
    this.#next = (this.#next + 1) % this.#limit;
  }

  /** Decisions about one model, or all, oldest first. */
  recent(modelId?: string): readonly Decision[] {
    const inOrder = [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)];
    return modelId === undefined ? inOrder : inOrder.filter((one) => one.modelId === modelId);
  }
}
