/** The mesh of one serving process, put together: view, cache, record writer, session, transitions, and the second hand that drives them. */
import { PlatformError, type Timer } from "@modelyard/core";
import type { ModelSignature } from "@modelyard/runtimes";
import type { CachedModel } from "./cache/cached-model.ts";
import { ModelCache } from "./cache/model-cache.ts";
import type { AcquireOptions, HeldModel, ModelState, ServiceRoute } from "./contract.ts";
import { type Decision, DecisionLog } from "./decisions.ts";
import { followRegistry } from "./follow-registry.ts";
import { inSlices } from "./in-slices.ts";
import { Admissions } from "./instance/admissions.ts";
import { CacheRecorder } from "./instance/cache-recorder.ts";
import { Housekeeping } from "./instance/housekeeping.ts";
import { InstanceSession } from "./instance/instance-session.ts";
import { planWarmUp } from "./instance/plan-housekeeping.ts";
import { RecordWriter } from "./instance/record-writer.ts";
import { type MeshMetrics, measureCache, meshMetrics } from "./mesh-metrics.ts";
import { isQuarantined } from "./model-state.ts";
import type { InstanceRecord, ModelRecord } from "./records.ts";
import { type RegistryChange, RegistryView } from "./registry-view.ts";
import type { MeshStatistics, RunningMesh } from "./running-mesh.ts";
import { type MeshOptions, type ResolvedMeshOptions, resolveMeshOptions } from "./start-options.ts";
import { Transitions } from "./vmodels/transitions.ts";
import { Unloading } from "./vmodels/unloading.ts";

/** Starts the mesh. Resolves at once: it is ready when `isReady` says so, and it serves on while the store is away. */
export function startMesh(options: MeshOptions): Promise<RunningMesh> {
  const mesh = new ServingMesh(resolveMeshOptions(options));
  mesh.start();
  return Promise.resolve(mesh);
}

const secondMs = 1_000;
const housekeepingSeconds = 30;
const farewellMs = 1_000;
/** vmodels that are looked at in one turn of the event loop when all of them are: about 10 us each. */
const vmodelsAtOnce = 100;

class ServingMesh implements RunningMesh {
  readonly #options: ResolvedMeshOptions;
  readonly #decisions: DecisionLog;
  readonly #metrics: MeshMetrics;
  readonly #view: RegistryView;
  readonly #recorder: CacheRecorder;
  readonly #admissions: Admissions;
  readonly #cache: ModelCache;
  readonly #writer: RecordWriter;
  readonly #session: InstanceSession;
  readonly #transitions: Transitions;
  readonly #housekeeping: Housekeeping;
  readonly #unloading: Unloading;
  readonly #startedAtMs: number;
  readonly #stop = new AbortController();
  #second: Timer | undefined;
  #secondsLeft = housekeepingSeconds;
  #isFirstReading = true;
  #isWarm = false;
  #look = new AbortController();
  #isScheduled = false;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedMeshOptions) {
    const { clock, random, log, store, instanceId, limits } = options;
    const decisions = new DecisionLog(limits.maxDecisions);
    const metrics = meshMetrics(options.metrics);
    const view = new RegistryView({ log, onChange: (change) => this.#onChange(change) });
    const shared = { store, view, instanceId, clock, random, log, decisions, metrics };
    const writer = new RecordWriter({ ...shared, intervalMs: limits.recordIntervalMs });
    const isLeader = (): boolean => this.#session.isLeader;
    this.#options = options;
    this.#startedAtMs = clock.nowMs();
    this.#decisions = decisions;
    this.#metrics = metrics;
    this.#view = view;
    this.#writer = writer;
    this.#admissions = new Admissions({ ...options, ...limits, ...shared, writer });
    this.#recorder = new CacheRecorder({
      ...shared,
      record: (modelId, facts) => writer.add(modelId, facts),
      quarantine: (modelId) => this.#quarantine(modelId),
      onChanged: (modelId) => this.#onCacheChanged(modelId),
    });
    this.#cache = new ModelCache({
      ...shared,
      limits,
      capacityBytes: options.capacityBytes,
      sourceOf: (modelId, cause) => this.#admissions.sourceOf(modelId, cause),
      events: this.#recorder,
    });
    this.#unloading = new Unloading({ ...shared, forget: (modelId, reason) => this.#cache.forget(modelId, reason) });
    const goneAfterMs = 2 * secondMs * limits.leaseTtlSeconds;
    const { signal } = this.#stop;
    this.#housekeeping = new Housekeeping({ ...shared, ...limits, writer, cache: this.#cache, isLeader, goneAfterMs, signal });
    this.#session = new InstanceSession({
      ...shared,
      ttlSeconds: limits.leaseTtlSeconds,
      intervalMs: limits.instanceIntervalMs,
      record: () => this.#instanceRecord(),
      onBegin: () => this.#keepHouse(),
    });
    this.#transitions = new Transitions({
      ...shared,
      takeOverAfterMs: limits.takeOverAfterMs,
      isLeader,
      stateOf: (vmodelId) => this.#admissions.transitionState(vmodelId, this.#cache),
      ensure: (modelId, reason) => this.#cache.ensure(modelId, { reason }),
      onSwitched: (vmodelId, modelId) =>
        decisions.add({ atMs: clock.nowMs(), modelId, kind: "switch", reason: `it is the active model of ${vmodelId} now` }),
    });
  }

  get epoch(): number {
    return this.#view.routes.epoch;
  }

  get isReady(): boolean {
    return this.#view.isReady;
  }

  start(): void {
    const { crashReports } = this.#options;
    for (const { modelId, atMs, kind } of crashReports) this.#writer.add(modelId, { crashes: [{ atMs, kind }] });
    this.#metrics.capacityBytes.set(this.#options.capacityBytes);
    void followRegistry(this.#view, { ...this.#options, signal: this.#stop.signal });
    this.#session.start();
    this.#setSecond();
  }

  find(namespace: string, name: string): ServiceRoute | undefined {
    return this.#view.routes.find(namespace, name);
  }

  list(namespace?: string): readonly ServiceRoute[] {
    return this.#view.routes.list(namespace);
  }

  acquire(modelId: string, options: AcquireOptions): HeldModel | Promise<HeldModel> {
    return this.#cache.acquire(modelId, options);
  }

  state(modelId: string): ModelState {
    return this.#cache.state(modelId) ?? this.#admissions.stateElsewhere(modelId);
  }

  signature(modelId: string): ModelSignature | undefined {
    return this.#cache.peek(modelId)?.model.signature ?? this.#writer.current(modelId)?.signature;
  }

  async load(route: ServiceRoute, options: AcquireOptions): Promise<void> {
    await this.#unloading.record({ route, isUnloaded: false }, options);
    (await this.#cache.acquire(route.active.modelId, options)).release();
  }

  unload(route: ServiceRoute, options: AcquireOptions): Promise<void> {
    return this.#unloading.record({ route, isUnloaded: true }, options);
  }

  explain(modelId?: string): readonly Decision[] {
    return this.#decisions.recent(modelId);
  }

  statistics(): MeshStatistics {
    const { usedBytes, modelCount, loadingCount, queuedCount, waitingCount } = this.#cache;
    const { capacityBytes } = this.#options;
    const { isLeader } = this.#session;
    const counts = { ...this.#recorder.counts, unwrittenCount: this.#writer.pendingCount };
    return { capacityBytes, usedBytes, modelCount, loadingCount, queuedCount, waitingCount, ...counts, isLeader };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#transitions.close();
    this.#second?.cancel();
    await this.#cache.close(this.#options.limits.drainTimeoutMs);
    await this.#writer.close(farewellMs);
    this.#stop.abort();
    await this.#session.close(farewellMs);
  }

  #onChange(change: RegistryChange): void {
    // What comes before the first reading is over is looked at as a whole then.
    if (!this.#view.isReady) return;
    const isFirst = this.#isFirstReading;
    if (isFirst) void this.#onFirstReading();
    for (const modelId of change.models) this.#onModelChanged(modelId);
    for (const vmodelId of change.vmodels) this.#onVModelChanged(vmodelId);
    const hasLostInstance = [...change.instances].some((instanceId) => !this.#view.instances.has(instanceId));
    // What a dead instance was loading is anybody's now.
    if (isFirst || hasLostInstance || change.hasLeaderChanged) void this.#lookAtAll();
    if (change.hasLeaderChanged) void this.#session.refresh();
    this.#schedule();
  }

  async #onFirstReading(): Promise<void> {
    this.#isFirstReading = false;
    const { instanceId, capacityBytes, limits, crashReports } = this.#options;
    for (const modelId of new Set(crashReports.map((report) => report.modelId))) this.#admissions.quarantine(modelId);
    const own = await this.#housekeeping.ownRecords();
    const warm = planWarmUp(own, { instanceId, capacityBytes, maxModels: limits.maxWarmUpModels });
    for (const modelId of warm) this.#warmUp(modelId);
    this.#isWarm = true;
    this.#keepHouse();
    this.#writer.onReady();
    void this.#session.refresh();
  }

  /** Not before it is known what is loaded again: else the records of it would be taken for false. */
  #keepHouse(): void {
    if (this.#isWarm) void this.#housekeeping.run();
  }

  /** Looks at every vmodel, some in each turn of the event loop. One look at a time: a new one takes the place of the one under way. */
  async #lookAtAll(): Promise<void> {
    this.#look.abort();
    this.#look = new AbortController();
    const signal = AbortSignal.any([this.#look.signal, this.#stop.signal]);
    await inSlices(this.#view.vmodels.keys(), { clock: this.#options.clock, signal, size: vmodelsAtOnce }, (vmodelIds) => {
      for (const vmodelId of vmodelIds) this.#onVModelChanged(vmodelId);
      this.#schedule();
    });
  }

  #onVModelChanged(vmodelId: string): void {
    this.#transitions.changed(vmodelId);
    this.#unloading.changed(vmodelId);
  }

  #warmUp(modelId: string): void {
    const { log } = this.#options;
    this.#cache.ensure(modelId, { reason: "it was loaded before the restart", placement: "oldest" }).catch((error: unknown) => {
      // A request will try again, and get the reason if it fails again.
      log.debug("a model was not loaded again at start", { modelId, reason: PlatformError.from(error).reason });
    });
  }

  #onModelChanged(modelId: string): void {
    const stored = this.#view.models.get(modelId);
    const cached = this.#cache.peek(modelId);
    if (!stored) this.#cache.forget(modelId, "the model was deleted");
    else if (cached) this.#onCachedChanged(cached, stored.record);
    for (const vmodelId of this.#view.referrersOf(modelId)) this.#transitions.changed(vmodelId);
  }

  /** Crashes of which another instance tells concern this one's copy as well. */
  #onCachedChanged(cached: CachedModel, record: ModelRecord): void {
    cached.revision = record.revision;
    if (isQuarantined(record)) this.#cache.forget(cached.modelId, "it is quarantined");
    else if (record.crashes.length > 0 && !cached.isIsolated)
      this.#cache.forget(cached.modelId, "it crashed: from now on in a process of its own");
  }

  #quarantine(modelId: string): boolean {
    const isOver = this.#admissions.quarantine(modelId);
    if (isOver) this.#cache.forget(modelId, "it is quarantined");
    return isOver;
  }

  /** The record may have gone or changed while the model was loading. */
  #onCacheChanged(modelId: string): void {
    this.#onModelChanged(modelId);
    this.#schedule();
  }

  #setSecond(): void {
    this.#second = this.#options.clock.setTimer(secondMs, () => this.#onSecond(), { background: true });
  }

  #onSecond(): void {
    this.#cache.tick();
    measureCache(this.#metrics, this.#cache, this.#options);
    this.#transitions.run();
    void this.#session.refresh();
    if (--this.#secondsLeft <= 0) {
      this.#secondsLeft = housekeepingSeconds;
      this.#keepHouse();
    }
    this.#setSecond();
  }

  #instanceRecord(): InstanceRecord {
    const { version, pid, capacityBytes } = this.#options;
    const { usedBytes, modelCount, loadingCount, oldestUseMs } = this.#cache;
    const { loads, evictions } = this.#recorder.counts;
    const use = { capacityBytes, usedBytes, modelCount, loadingCount, ...(oldestUseMs !== undefined && { oldestUseMs }) };
    return { startedAtMs: this.#startedAtMs, version, pid, ...use, loads, evictions, shuttingDown: this.#closing !== undefined };
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#transitions.run();
    });
  }
}
