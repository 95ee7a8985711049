/**
 * One load, from the prediction of its size to a model that fits: waits for the previous copy to be gone, reserves, loads, charges what it turned
 * out to need. Whatever fails, its bytes are given back, those of a load that the runtime does not end only when it has ended.
 */
import { type Clock, failure } from "@modelyard/core";
import type { LoadedModel, LoadStage } from "@modelyard/runtimes";
import type { CacheEvents } from "./cache-events.ts";
import type { Departures } from "./departures.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { PendingLoad } from "./pending-load.ts";
import { predictSize, runLoad } from "./run-load.ts";

/** What {@link ModelLoader} works with. */
export interface ModelLoaderDeps {
  readonly clock: Clock;
  readonly capacityBytes: number;
  /** How long a load waits for its previous copy to be gone. */
  readonly roomTimeoutMs: number;
  readonly budget: MemoryBudget;
  readonly departures: Departures;
  readonly events: Pick<CacheEvents, "onStage" | "onCrash" | "onSized">;
}

const maxKnownSizes = 65_536;

/** Loads models into the memory there is. */
export class ModelLoader {
  readonly #deps: ModelLoaderDeps;
  /** What models turned out to need: a second load of one that was predicted too small does not exceed the capacity again. */
  readonly #knownSizes = new Map<string, number>();

  constructor(deps: ModelLoaderDeps) {
    this.#deps = deps;
  }

  /** The model, charged to the budget. Rejects with the runtime's error, `MODEL_TOO_LARGE`, `MEMORY_EXHAUSTED`, or the reason of the load's abort. */
  async load(load: PendingLoad): Promise<LoadedModel> {
    const { clock, capacityBytes, roomTimeoutMs, budget, departures, events } = this.#deps;
    const { modelId, abort } = load;
    const { signal } = abort;
    await departures.over(modelId, { clock, limitMs: roomTimeoutMs, signal });
    const sizingSinceMs = clock.monotonicMs();
    const predictedBytes = Math.max(await predictSize(load, clock), this.#knownSizes.get(modelId) ?? 0);
    events.onSized(clock.monotonicMs() - sizingSinceMs);
    if (predictedBytes > capacityBytes) throw failure("MODEL_TOO_LARGE", { sizeBytes: predictedBytes, capacityBytes });
    await budget.reserve(predictedBytes, { who: modelId, signal });
    const model = await this.#loadWithin(load, predictedBytes);
    budget.correct(model.sizeBytes - predictedBytes);
    this.#rememberSize(model);
    try {
      if (model.sizeBytes > capacityBytes) throw failure("MODEL_TOO_LARGE", { sizeBytes: model.sizeBytes, capacityBytes });
      if (budget.usedBytes > capacityBytes) await budget.repaid({ who: modelId, signal });
      signal.throwIfAborted();
    } catch (error) {
      departures.begin(modelId, model.sizeBytes);
      void departures.unload(model);
      throw error;
    }
    return model;
  }

  async #loadWithin(load: PendingLoad, reservedBytes: number): Promise<LoadedModel> {
    const { clock, budget, departures, events } = this.#deps;
    let isAbandoned = false;
    const onAbandoned = (): void => {
      isAbandoned = true;
      departures.begin(load.modelId, reservedBytes);
    };
    const onAbandonedEnd = (model: LoadedModel | undefined): void => {
      if (!model) return departures.end(load.modelId, { chargedBytes: reservedBytes, isFreed: true });
      budget.leave(model.sizeBytes - reservedBytes);
      budget.correct(model.sizeBytes - reservedBytes);
      void departures.unload(model);
    };
    try {
      const onStage = (stage: LoadStage): void => events.onStage(load, stage);
      return await runLoad(load, { clock, onStage, onCrash: (report) => events.onCrash(report), onAbandoned, onAbandonedEnd });
    } catch (error) {
      if (!isAbandoned) budget.release(reservedBytes);
      throw error;
    }
  }

  #rememberSize({ modelId, sizeBytes }: LoadedModel): void {
    this.#knownSizes.delete(modelId);
    this.#knownSizes.set(modelId, sizeBytes);
    const [oldest] = this.#knownSizes.keys();
    if (this.#knownSizes.size > maxKnownSizes && oldest !== undefined) this.#knownSizes.delete(oldest);
  }
}
