/**
 * Models on their way out: evicted copies that are in use or being unloaded, and loads that were given up but that the runtime has not ended.
 * A runtime knows a model by its id, so a model is not loaded again before its previous copy is gone; until then its bytes are charged.
 */
import { type Clock, failure, type Log, withDeadline } from "@modelyard/core";
import type { LoadedModel } from "@modelyard/runtimes";
import type { MemoryBudget } from "./memory-budget.ts";
import { unloadModel } from "./unload-model.ts";

/** What {@link Departures} works with. */
export interface DeparturesDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly budget: Pick<MemoryBudget, "leave" | "left">;
  /** A try of an unload failed; there are more. */
  readonly onAttemptFailed: () => void;
}

/** Ids that are leaving. */
export class Departures {
  readonly #deps: DeparturesDeps;
  readonly #leaving = new Map<string, PromiseWithResolvers<void>>();

  constructor(deps: DeparturesDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#leaving.size;
  }

  /** A copy is on its way out, and what it is charged for will come free. */
  begin(modelId: string, chargedBytes: number): void {
    this.#deps.budget.leave(chargedBytes);
    this.#leaving.set(modelId, Promise.withResolvers());
  }

  /** It is gone, or has been given up: then its bytes are not free. */
  end(modelId: string, { chargedBytes, isFreed }: { readonly chargedBytes: number; readonly isFreed: boolean }): void {
    const departure = this.#leaving.get(modelId);
    this.#leaving.delete(modelId);
    departure?.resolve();
    this.#deps.budget.left(chargedBytes, isFreed);
  }

  /** Unloads a copy that is on its way out, which ends then; `onUnloaded` is told before anybody can have its bytes. Never rejects. */
  async unload(model: LoadedModel, onUnloaded?: (isFreed: boolean) => void): Promise<void> {
    const { clock, log, onAttemptFailed } = this.#deps;
    const isFreed = await unloadModel(model, { clock, log, onAttemptFailed });
    onUnloaded?.(isFreed);
    this.end(model.modelId, { chargedBytes: model.sizeBytes, isFreed });
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
