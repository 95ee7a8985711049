/**
 * What follows from a change: of records in the registry, and of copies in this instance's cache. Every change has the same consequences, whoever made
 * it: copies that must not be are dropped, and the vmodels concerned are looked at.
 *
 * Invariant: a reaction looks at what is now, not at what the change was, so that changes may be told together, again, or late.
 */
import { type Clock, type Log, PlatformError } from "@modelyard/core";
import type { CrashReport } from "@modelyard/runtimes";
import type { CachedModel } from "./cache/cached-model.ts";
import type { ModelCache } from "./cache/model-cache.ts";
import { inSlices } from "./in-slices.ts";
import type { Admissions } from "./instance/admissions.ts";
import type { Housekeeping } from "./instance/housekeeping.ts";
import type { InstanceSession } from "./instance/instance-session.ts";
import { planWarmUp } from "./instance/plan-housekeeping.ts";
import type { RecordWriter } from "./instance/record-writer.ts";
import { isQuarantined } from "./model-state.ts";
import type { ModelRecord } from "./records.ts";
import type { RegistryChange, RegistryView } from "./registry-view.ts";
import type { Transitions } from "./vmodels/transitions.ts";
import type { Unloading } from "./vmodels/unloading.ts";

/** What {@link ChangeReactions} works with. */
export interface ChangeReactionsDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly instanceId: string;
  readonly capacityBytes: number;
  readonly maxWarmUpModels: number;
  /** Of this instance's life before. */
  readonly crashReports: readonly Pick<CrashReport, "modelId">[];
  readonly view: RegistryView;
  readonly cache: ModelCache;
  readonly admissions: Admissions;
  readonly writer: RecordWriter;
  readonly session: InstanceSession;
  readonly housekeeping: Housekeeping;
  readonly transitions: Transitions;
  readonly unloading: Unloading;
  /** Ends a look at all vmodels. */
  readonly signal: AbortSignal;
}

/** vmodels that are looked at in one turn of the event loop when all of them are: about 10 us each. */
const vmodelsAtOnce = 100;

/** See the module. */
export class ChangeReactions {
  readonly #deps: ChangeReactionsDeps;
  #isFirstReading = true;
  #isWarm = false;
  #look = new AbortController();
  #isScheduled = false;

  constructor(deps: ChangeReactionsDeps) {
    this.#deps = deps;
  }

  /** Records changed. */
  onRegistryChanged(change: RegistryChange): void {
    const { view, session } = this.#deps;
    // What comes before the first reading is over is looked at as a whole then.
    if (!view.isReady) return;
    const isFirst = this.#isFirstReading;
    if (isFirst) void this.#onFirstReading();
    for (const modelId of change.models) this.#onModelChanged(modelId);
    for (const vmodelId of change.vmodels) this.#onVModelChanged(vmodelId);
    const hasLostInstance = [...change.instances].some((instanceId) => !view.instances.has(instanceId));
    // What a dead instance was loading is anybody's now.
    if (isFirst || hasLostInstance || change.hasLeaderChanged) void this.#lookAtAll();
    if (change.hasLeaderChanged) void session.refresh();
    this.#schedule();
  }

  /** A copy of a model came or went. Its record may have gone or changed while it was loading. */
  onCacheChanged(modelId: string): void {
    this.#onModelChanged(modelId);
    this.#schedule();
  }

  /** A model's own process ended; whether it did so too often. */
  quarantine(modelId: string): boolean {
    const { admissions, cache } = this.#deps;
    const isOver = admissions.quarantine(modelId);
    if (isOver) cache.forget(modelId, "it is quarantined");
    return isOver;
  }

  /** Not before it is known what is loaded again: else the records of it would be taken for false. */
  keepHouse(): void {
    if (this.#isWarm) void this.#deps.housekeeping.run();
  }

  async #onFirstReading(): Promise<void> {
    this.#isFirstReading = false;
    const { instanceId, capacityBytes, maxWarmUpModels: maxModels, crashReports, admissions, housekeeping, writer, session } = this.#deps;
    for (const modelId of new Set(crashReports.map((report) => report.modelId))) admissions.quarantine(modelId);
    const own = await housekeeping.ownRecords();
    for (const modelId of planWarmUp(own, { instanceId, capacityBytes, maxModels })) this.#warmUp(modelId);
    this.#isWarm = true;
    this.keepHouse();
    writer.onReady();
    void session.refresh();
  }

  #warmUp(modelId: string): void {
    const { log, cache } = this.#deps;
    cache.ensure(modelId, { reason: "it was loaded before the restart", placement: "oldest" }).catch((error: unknown) => {
      // A request will try again, and get the reason if it fails again.
      log.debug("a model was not loaded again at start", { modelId, reason: PlatformError.from(error).reason });
    });
  }

  /** Looks at every vmodel, some in each turn of the event loop. One look at a time: a new one takes the place of the one under way. */
  async #lookAtAll(): Promise<void> {
    const { clock, view } = this.#deps;
    this.#look.abort();
    this.#look = new AbortController();
    const signal = AbortSignal.any([this.#look.signal, this.#deps.signal]);
    await inSlices(view.vmodels.keys(), { clock, signal, size: vmodelsAtOnce }, (vmodelIds) => {
      for (const vmodelId of vmodelIds) this.#onVModelChanged(vmodelId);
      this.#schedule();
    });
  }

  #onVModelChanged(vmodelId: string): void {
    this.#deps.transitions.changed(vmodelId);
    this.#deps.unloading.changed(vmodelId);
  }

  #onModelChanged(modelId: string): void {
    const { view, cache, transitions } = this.#deps;
    const stored = view.models.get(modelId);
    const cached = cache.peek(modelId);
    if (!stored) cache.forget(modelId, "the model was deleted");
    else if (cached) this.#onCachedChanged(cached, stored.record);
    for (const vmodelId of view.referrersOf(modelId)) transitions.changed(vmodelId);
  }

  /** Crashes of which another instance tells concern this one's copy as well. */
  #onCachedChanged(cached: CachedModel, record: ModelRecord): void {
    const { cache } = this.#deps;
    cached.revision = record.revision;
    if (isQuarantined(record)) cache.forget(cached.modelId, "it is quarantined");
    else if (record.crashes.length > 0 && !cached.isIsolated)
      cache.forget(cached.modelId, "it crashed: from now on in a process of its own");
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#deps.transitions.run();
    });
  }
}
