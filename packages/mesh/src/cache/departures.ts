/**
 * Models on their way out: evicted copies that are in use or being unloaded, and loads that were given up but that the runtime has not ended.
 * A runtime knows a model by its id, so a model is not loaded again before its previous copy is gone.
 */
import { type Clock, failure, withDeadline } from "@modelyard/core";

/** Ids that are leaving. */
export class Departures {
  readonly #leaving = new Map<string, PromiseWithResolvers<void>>();

  get size(): number {
    return this.#leaving.size;
  }

  /** A copy is on its way out. */
  begin(modelId: string): void {
    this.#leaving.set(modelId, Promise.withResolvers());
  }

  /** It is gone, or has been given up. */
  end(modelId: string): void {
    const departure = this.#leaving.get(modelId);
    this.#leaving.delete(modelId);
    departure?.resolve();
  }

  /** Resolves when no copy of the model is on its way out. Rejects with `UNAVAILABLE` after the limit, or with the signal's reason. */
  async over(modelId: string, wait: { readonly clock: Clock; readonly limitMs: number; readonly signal: AbortSignal }): Promise<void> {
    const departure = this.#leaving.get(modelId);
    if (!departure) return;
    try {
      await withDeadline(departure.promise, { ...wait, what: "Unloading the previous copy" });
    } catch (error) {
      wait.signal.throwIfAborted();
      const why = "its previous copy is still being unloaded";
      throw failure("UNAVAILABLE", { what: "The model", why }, { cause: error, retryAfterMs: 1_000 });
    }
  }

  /** Resolves when nothing is on its way out. */
  async allOver(): Promise<void> {
    while (this.#leaving.size > 0) await Promise.all([...this.#leaving.values()].map((departure) => departure.promise));
  }
}
