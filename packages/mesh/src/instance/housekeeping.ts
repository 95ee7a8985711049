/**
 * Makes the records true again, level-triggered: at the first reading of the registry, at the start of each session, and every half minute.
 *
 * Reads: every model record, the instances, the cache. Writes (through the record writer): own copies that are missing or no longer there, own
 * failures that have expired, and, as leader, copies and failures of instances that are gone. A crash leaves them for the next pass.
 */
import type { Clock } from "@modelyard/core";
import type { ModelCache } from "../cache/model-cache.ts";
import type { MeshMetrics } from "../mesh-metrics.ts";
import { modelStateOf } from "../model-state.ts";
import type { CopyRecord, ModelRecord } from "../records.ts";
import type { RegistryView } from "../registry-view.ts";
import { copyOf } from "./cache-recorder.ts";
import { GoneInstances } from "./gone-instances.ts";
import { planHousekeeping } from "./plan-housekeeping.ts";
import type { RecordWriter } from "./record-writer.ts";

/** Options of {@link Housekeeping}. */
export interface HousekeepingOptions {
  readonly clock: Clock;
  readonly instanceId: string;
  readonly view: RegistryView;
  readonly writer: RecordWriter;
  readonly cache: ModelCache;
  readonly metrics: MeshMetrics;
  readonly isLeader: () => boolean;
  readonly failureExpiryMs: number;
  /** An instance without a record is gone after this time. */
  readonly goneAfterMs: number;
}

/** One pass over all records at a time. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #gone: GoneInstances;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
    this.#gone = new GoneInstances(options.goneAfterMs);
  }

  /** Every record, with this instance's facts that are not written yet. */
  *records(): Iterable<readonly [modelId: string, record: ModelRecord]> {
    const { view, writer } = this.#options;
    for (const [modelId, { record }] of view.models) yield [modelId, writer.current(modelId) ?? record];
  }

  /** One pass; without effect before the registry was read. */
  run(): void {
    const { view, writer, clock, instanceId, isLeader, failureExpiryMs } = this.#options;
    if (!view.isReady) return;
    const isLive = (one: string): boolean => one === instanceId || view.instances.has(one);
    const stored = Array.from(view.models.values(), (one) => one.record);
    const gone = this.#gone.update(stored, { isLive, nowMs: clock.monotonicMs() });
    const planned = planHousekeeping({
      models: this.records(),
      instanceId,
      localCopy: (modelId) => this.#localCopy(modelId),
      goneInstances: isLeader() ? gone : new Set(),
      nowMs: clock.nowMs(),
      failureExpiryMs,
    });
    for (const [modelId, facts] of planned) writer.add(modelId, facts);
    this.#count(stored);
  }

  #localCopy(modelId: string): CopyRecord | undefined {
    const { cache, clock } = this.#options;
    const cached = cache.peek(modelId);
    if (cached) return copyOf(cached, cached.loadedAtMs);
    return cache.state(modelId) === "Loading" ? { state: "loading", startedAtMs: clock.nowMs() } : undefined;
  }

  #count(records: readonly ModelRecord[]): void {
    const { metrics } = this.#options;
    let loaded = 0;
    let failed = 0;
    for (const record of records) {
      const state = modelStateOf(record);
      if (state === "Loaded") loaded++;
      if (state === "FailedToLoad") failed++;
    }
    metrics.registeredModels.set(records.length);
    metrics.loadedModels.set(loaded);
    metrics.failedModels.set(failed);
  }
}
