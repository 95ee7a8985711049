/** What the mesh counts, under the names and with the buckets that ModelMesh's dashboards know. */
import type { Clock, Counter, Gauge, Histogram, Metrics } from "@modelyard/core";
import type { ModelCache } from "./cache/model-cache.ts";

/** The mesh's series. */
export interface MeshMetrics {
  /** Requests that waited at least 10 ms for a load. */
  readonly cacheMiss: Histogram;
  readonly load: Histogram;
  readonly loadFailure: Counter;
  readonly loadingQueueDelay: Histogram;
  readonly unload: Histogram;
  readonly unloadFailure: Counter;
  /** Tries of an unload that failed; each unload has several. */
  readonly unloadAttemptFailure: Counter;
  /** Time until the size of a model was known, or given up on, before its load. */
  readonly modelSizing: Histogram;
  readonly ageAtEviction: Histogram;
  readonly loadedSize: Histogram;
  readonly capacityBytes: Gauge;
  readonly usedBytes: Gauge;
  readonly usedBasisPoints: Gauge;
  readonly modelCount: Gauge;
  readonly oldestUse: Gauge;
  readonly oldestUseAge: Gauge;
  readonly registeredModels: Gauge;
  readonly loadedModels: Gauge;
  readonly failedModels: Gauge;
}

const milliseconds = [0.5, 1, 2, 5, 10, 20, 50, 75, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 60_000, 120_000, 300_000] as const;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const ages = [
  minuteMs / 2,
  5 * minuteMs,
  15 * minuteMs,
  hourMs,
  4 * hourMs,
  12 * hourMs,
  dayMs,
  7 * dayMs,
  30 * dayMs,
  90 * dayMs,
] as const;
const sizes = Array.from({ length: 8 }, (_, power) => 256 * 1024 * 4 ** power);

/** Least wait that counts as a cache miss. Source: ModelMesh. */
export const cacheMissMs = 10;

/** Registers the series. */
export function meshMetrics(metrics: Metrics): MeshMetrics {
  const name = (suffix: string): string => `modelmesh_${suffix}`;
  return {
    cacheMiss: metrics.histogram(name("cache_miss_milliseconds"), milliseconds),
    load: metrics.histogram(name("loadmodel_milliseconds"), milliseconds),
    loadFailure: metrics.counter(name("loadmodel_failure")),
    loadingQueueDelay: metrics.histogram(name("loading_queue_delay_milliseconds"), milliseconds),
    unload: metrics.histogram(name("unloadmodel_milliseconds"), milliseconds),
    unloadFailure: metrics.counter(name("unloadmodel_failure")),
    unloadAttemptFailure: metrics.counter(name("unloadmodel_attempt_failure")),
    modelSizing: metrics.histogram(name("model_sizing_milliseconds"), milliseconds),
    ageAtEviction: metrics.histogram(name("age_at_eviction_milliseconds"), ages),
    loadedSize: metrics.histogram(name("loaded_model_size_bytes"), sizes),
    capacityBytes: metrics.gauge(name("instance_capacity_bytes")),
    usedBytes: metrics.gauge(name("instance_used_bytes")),
    usedBasisPoints: metrics.gauge(name("instance_used_bps")),
    modelCount: metrics.gauge(name("instance_models_total")),
    oldestUse: metrics.gauge(name("instance_lru_seconds")),
    oldestUseAge: metrics.gauge(name("instance_lru_age_seconds")),
    registeredModels: metrics.gauge(name("models_managed_total")),
    loadedModels: metrics.gauge(name("models_loaded_total")),
    failedModels: metrics.gauge(name("models_with_failure_total")),
  };
}

/** Sets the gauges of the cache to what it holds now. */
export function measureCache(
  metrics: MeshMetrics,
  cache: Pick<ModelCache, "usedBytes" | "modelCount" | "oldestUseMs">,
  { clock, capacityBytes }: { readonly clock: Clock; readonly capacityBytes: number },
): void {
  const { usedBytes, modelCount, oldestUseMs } = cache;
  const nowMs = clock.nowMs();
  metrics.usedBytes.set(usedBytes);
  metrics.usedBasisPoints.set(Math.round((usedBytes / capacityBytes) * 10_000));
  metrics.modelCount.set(modelCount);
  const sinceMs = oldestUseMs ?? nowMs;
  metrics.oldestUse.set(sinceMs / 1_000);
  metrics.oldestUseAge.set((nowMs - sinceMs) / 1_000);
}
