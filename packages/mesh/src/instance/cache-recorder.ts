/** Turns what happens in the cache into facts for the records, decisions for `explain`, metrics and log. */
import { assertNever, type Clock, type Log, type PlatformError } from "@modelyard/core";
import type { CrashReport, CrashVerdict, LoadStage } from "@modelyard/runtimes";
import type { CacheEvents } from "../cache/cache-events.ts";
import type { CachedModel } from "../cache/cached-model.ts";
import type { PendingLoad } from "../cache/pending-load.ts";
import type { Decision, DecisionLog } from "../decisions.ts";
import { cacheMissMs, type MeshMetrics } from "../mesh-metrics.ts";
import type { ModelFacts } from "../model-facts.ts";
import { isWorthRecording } from "../plan-admission.ts";
import type { CopyRecord } from "../records.ts";

/** Options of {@link CacheRecorder}. */
export interface CacheRecorderOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: MeshMetrics;
  readonly decisions: DecisionLog;
  /** Takes facts about a model. */
  readonly record: (modelId: string, facts: ModelFacts) => void;
  /** Says whether a model whose own process ended is too often the cause of that: then it is not run any more. */
  readonly quarantine: (modelId: string) => boolean;
  /** Something about a model changed here. */
  readonly onChanged: (modelId: string) => void;
}

/** Counts of a life. */
export interface CacheCounts {
  loads: number;
  loadFailures: number;
  evictions: number;
}

/** Loads the log names in a period. */
const maxNotedLoads = 60;
const notedLoadsPeriodMs = 60_000;

/** Listens to the cache. */
export class CacheRecorder implements CacheEvents {
  readonly counts: CacheCounts = { loads: 0, loadFailures: 0, evictions: 0 };
  readonly #options: CacheRecorderOptions;
  readonly #notedLoads = { sinceMs: 0, count: 0 };

  constructor(options: CacheRecorderOptions) {
    this.#options = options;
  }

  onLoadStarted(load: PendingLoad): void {
    const { clock, metrics, record } = this.#options;
    metrics.loadingQueueDelay.observe(clock.monotonicMs() - load.queuedAtMs);
    record(load.modelId, { copy: { state: "loading", startedAtMs: load.startedAtMs } });
    this.#decide(load.modelId, { kind: "load", reason: load.waiting > 0 ? "requests wait for it" : load.reason });
  }

  onStage(load: PendingLoad, stage: LoadStage): void {
    this.#options.record(load.modelId, { copy: { state: "loading", stage, startedAtMs: load.startedAtMs } });
  }

  onSized(tookMs: number): void {
    this.#options.metrics.modelSizing.observe(tookMs);
  }

  onLoaded(load: PendingLoad, cached: CachedModel): void {
    const { metrics, record, onChanged } = this.#options;
    const tookMs = cached.loadedAtMs - load.startedAtMs;
    this.counts.loads++;
    metrics.load.observe(tookMs);
    metrics.loadedSize.observe(cached.sizeBytes);
    const { signature } = cached.model;
    record(cached.modelId, { copy: copyOf(cached, load.startedAtMs), failure: "none", signature, lastUsedMs: cached.lastUsedMs });
    this.#decide(cached.modelId, { kind: "loaded", reason: "the runtime loaded it", sizeBytes: cached.sizeBytes, tookMs });
    this.#noteLoad(cached, tookMs);
    onChanged(cached.modelId);
  }

  /** Says which model was loaded; under evictions and loads without end only the first of each minute, lest they push everything else out of the log. */
  #noteLoad({ modelId, sizeBytes, loadedAtMs }: CachedModel, tookMs: number): void {
    const noted = this.#notedLoads;
    if (loadedAtMs - noted.sinceMs >= notedLoadsPeriodMs) Object.assign(noted, { sinceMs: loadedAtMs, count: 0 });
    if (noted.count++ < maxNotedLoads) this.#options.log.info("a model was loaded", { modelId, sizeBytes, tookMs });
  }

  onLoadFailed(load: PendingLoad, error: PlatformError): void {
    const { clock, log, metrics, record, onChanged } = this.#options;
    const nowMs = clock.nowMs();
    const tookMs = load.startedAtMs > 0 ? nowMs - load.startedAtMs : 0;
    const isRecorded = isWorthRecording(error);
    this.counts.loadFailures++;
    metrics.loadFailure.add();
    record(load.modelId, { copy: "none", ...(isRecorded && { failure: { atMs: nowMs, error: error.toPublic() } }) });
    this.#decide(load.modelId, { kind: "loadFailed", reason: error.message, tookMs });
    if (isRecorded) log.error("a model could not be loaded", error, { modelId: load.modelId });
    onChanged(load.modelId);
  }

  onCrash({ modelId, kind, phase, atMs }: CrashReport): CrashVerdict {
    const { record, quarantine } = this.#options;
    const how = kind === "hang" ? "hung and was ended" : "crashed";
    const reason = `its own process ${how} while it ${phase === "run" ? "ran" : "was loaded"}`;
    record(modelId, { crashes: [{ atMs, kind }] });
    this.#decide(modelId, { kind: "crash", reason });
    return quarantine(modelId) ? "refuse" : "restart";
  }

  onWaited(waitedMs: number): void {
    if (waitedMs >= cacheMissMs) this.#options.metrics.cacheMiss.observe(waitedMs);
  }

  onEvicted(cached: CachedModel, reason: string): void {
    const { clock, metrics, record } = this.#options;
    this.counts.evictions++;
    metrics.ageAtEviction.observe(clock.nowMs() - cached.lastUsedMs);
    record(cached.modelId, { copy: "none", lastUsedMs: cached.lastUsedMs });
    this.#decide(cached.modelId, { kind: "evict", reason, sizeBytes: cached.sizeBytes });
  }

  onUnloadAttemptFailed(): void {
    this.#options.metrics.unloadAttemptFailure.add();
  }

  onUnloaded(cached: CachedModel, outcome: { readonly isFreed: boolean; readonly tookMs: number }): void {
    const { metrics } = this.#options;
    const { tookMs, isFreed } = outcome;
    metrics.unload.observe(tookMs);
    if (!isFreed) metrics.unloadFailure.add();
    const kind = isFreed ? "unloaded" : "unloadFailed";
    this.#decide(cached.modelId, { kind, reason: reasonOf(kind), sizeBytes: cached.sizeBytes, tookMs });
  }

  #decide(modelId: string, decision: Omit<Decision, "atMs" | "modelId">): void {
    this.#options.decisions.add({ atMs: this.#options.clock.nowMs(), modelId, ...decision });
  }
}

/** A loaded copy as the record lists it. */
export function copyOf(cached: CachedModel, startedAtMs: number): CopyRecord {
  const { loadedAtMs, sizeBytes } = cached;
  return { state: "loaded", startedAtMs, loadedAtMs, sizeBytes, sizeSource: cached.model.sizeSource };
}

function reasonOf(kind: "unloaded" | "unloadFailed"): string {
  switch (kind) {
    case "unloaded":
      return "its last user had let go";
    case "unloadFailed":
      return "the runtime refused to unload it: its memory stays charged";
    default:
      return assertNever(kind);
  }
}
