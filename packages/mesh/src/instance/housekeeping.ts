/**
 * Makes the records true again, level-triggered: at the first reading of the registry, at the start of each session, and every half minute.
 *
 * Reads: the model records that say something of an instance, the instances, the cache, a slice of them in one turn of the event loop. Writes (through the record writer): own copies that are missing or no longer there, own
 * failures that have expired, and, as leader, copies and failures of instances that are gone. A crash leaves them for the next pass.
 */
import type { Clock } from "@modelyard/core";
import type { ModelCache } from "../cache/model-cache.ts";
import { inSlices, type SliceOptions } from "../in-slices.ts";
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
  /** Ends a pass. */
  readonly signal: AbortSignal;
}

/** Records that are looked at in one turn of the event loop: about 1 us each. */
const lookedAtAtOnce = 500;

/** What a pass finds out about the records as a whole. */
interface Survey {
  readonly mentioned: Set<string>;
  loaded: number;
  failed: number;
}

/** One pass over all records at a time. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #gone: GoneInstances;
  #isRunning = false;
  #isDue = false;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
    this.#gone = new GoneInstances(options.goneAfterMs);
  }

  /** Every record that says something of an instance or should, with this instance's facts that are not written yet. */
  *records(): Iterable<readonly [modelId: string, record: ModelRecord]> {
    const { view, writer, cache } = this.#options;
    for (const [modelId, record] of view.models.stirred()) yield [modelId, writer.current(modelId) ?? record];
    for (const modelId of cache.modelIds()) {
      const record = view.models.isStirred(modelId) ? undefined : writer.current(modelId);
      if (record) yield [modelId, record];
    }
  }

  /** One pass, the next one when it is asked for meanwhile; without effect before the registry was read. */
  async run(): Promise<void> {
    if (!this.#options.view.isReady) return;
    this.#isDue = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (this.#isDue && !this.#options.signal.aborted) {
        this.#isDue = false;
        await this.#pass();
      }
    } finally {
      this.#isRunning = false;
    }
  }

  /** Takes what records say of this instance as it was when it began, for {@link planWarmUp}. */
  async ownRecords(): Promise<readonly (readonly [modelId: string, record: ModelRecord])[]> {
    const own: (readonly [string, ModelRecord])[] = [];
    const { instanceId } = this.#options;
    await inSlices(this.records(), this.#slices(), (slice) => own.push(...slice.filter(([, record]) => record.copies[instanceId])));
    return own;
  }

  async #pass(): Promise<void> {
    const { view, writer, clock, instanceId, isLeader, failureExpiryMs } = this.#options;
    const survey: Survey = { mentioned: new Set(), loaded: 0, failed: 0 };
    if (!(await inSlices(view.models.stirred(), this.#slices(), (slice) => take(slice, survey)))) return;
    const isLive = (one: string): boolean => one === instanceId || view.instances.has(one);
    const gone = this.#gone.update(survey.mentioned, { isLive, nowMs: clock.monotonicMs() });
    await inSlices(this.records(), this.#slices(), (models) => {
      const planned = planHousekeeping({
        models,
        instanceId,
        localCopy: (modelId) => this.#localCopy(modelId),
        goneInstances: isLeader() ? gone : new Set(),
        nowMs: clock.nowMs(),
        failureExpiryMs,
      });
      for (const [modelId, facts] of planned) writer.add(modelId, facts);
    });
    this.#count(survey);
  }

  #slices(): SliceOptions {
    const { clock, signal } = this.#options;
    return { clock, signal, size: lookedAtAtOnce };
  }

  #localCopy(modelId: string): CopyRecord | undefined {
    const { cache, clock } = this.#options;
    const cached = cache.peek(modelId);
    if (cached) return copyOf(cached, cached.loadedAtMs);
    return cache.state(modelId) === "Loading" ? { state: "loading", startedAtMs: clock.nowMs() } : undefined;
  }

  #count({ loaded, failed }: Survey): void {
    const { metrics, view } = this.#options;
    metrics.registeredModels.set(view.models.size);
    metrics.loadedModels.set(loaded);
    metrics.failedModels.set(failed);
  }
}

function take(records: readonly (readonly [modelId: string, record: ModelRecord])[], survey: Survey): void {
  for (const [, record] of records) {
    for (const instanceId of Object.keys(record.copies)) survey.mentioned.add(instanceId);
    for (const instanceId of Object.keys(record.failures)) survey.mentioned.add(instanceId);
    const state = modelStateOf(record);
    if (state === "Loaded") survey.loaded++;
    if (state === "FailedToLoad") survey.failed++;
  }
}
