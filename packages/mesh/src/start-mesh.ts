/** The mesh of one serving process, put together: view, cache, record writer, session, transitions, and the second hand that drives them. */
import { failure, PlatformError, sleep, type Timer } from "@modelyard/core";
import type { ModelSignature } from "@modelyard/runtimes";
import { listAndWatch } from "@modelyard/store";
import { type LoadCause, ModelCache } from "./cache/model-cache.ts";
import type { LoadSource } from "./cache/pending-load.ts";
import type { AcquireOptions, HeldModel, Mesh, ModelState, ServiceRoute } from "./contract.ts";
import { type Decision, DecisionLog } from "./decisions.ts";
import { CacheRecorder, copyOf } from "./instance/cache-recorder.ts";
import { GoneInstances } from "./instance/gone-instances.ts";
import { InstanceSession } from "./instance/instance-session.ts";
import { planHousekeeping, planWarmUp } from "./instance/plan-housekeeping.ts";
import { RecordWriter } from "./instance/record-writer.ts";
import { type MeshMetrics, meshMetrics } from "./mesh-metrics.ts";
import { isQuarantined, modelStateOf, quarantineFailure } from "./model-state.ts";
import { type AdmissionState, planAdmission, refusedUntilMs } from "./plan-admission.ts";
import type { InstanceRecord, ModelRecord } from "./records.ts";
import { type RegistryChange, RegistryView } from "./registry-view.ts";
import { type MeshOptions, type ResolvedMeshOptions, resolveMeshOptions } from "./start-options.ts";
import type { TransitionModel, TransitionState } from "./vmodels/plan-transition.ts";
import { Transitions } from "./vmodels/transitions.ts";

/** What the cache of a mesh holds and has done. */
export interface MeshStatistics {
  readonly capacityBytes: number;
  /** Charged: loaded, being loaded, and evicted but not yet unloaded. */
  readonly usedBytes: number;
  readonly modelCount: number;
  readonly loadingCount: number;
  readonly queuedCount: number;
  /** Requests that wait for loads. */
  readonly waitingCount: number;
  readonly loads: number;
  readonly loadFailures: number;
  readonly evictions: number;
  /** Models whose records the store does not have yet as they are. */
  readonly unwrittenCount: number;
  readonly isLeader: boolean;
}

/** A mesh that runs. */
export interface RunningMesh extends Mesh {
  /** The last decisions about a model (all models when absent), oldest first. */
  explain(modelId?: string): readonly Decision[];
  statistics(): MeshStatistics;
  /** Takes no new loads, waits for holds in flight (at most `drainTimeoutMs`), unloads every model, gives up the lease. Idempotent. */
  close(): Promise<void>;
}

/** Starts the mesh. Resolves at once: it is ready when `isReady` says so, and it serves on while the store is away. */
export function startMesh(options: MeshOptions): Promise<RunningMesh> {
  const mesh = new ServingMesh(resolveMeshOptions(options));
  mesh.start();
  return Promise.resolve(mesh);
}

const secondMs = 1_000;
const housekeepingSeconds = 30;
const farewellMs = 1_000;
const followRetryMs = 5_000;
const prefix = "mesh/";

class ServingMesh implements RunningMesh {
  readonly #options: ResolvedMeshOptions;
  readonly #decisions: DecisionLog;
  readonly #metrics: MeshMetrics;
  readonly #view: RegistryView;
  readonly #recorder: CacheRecorder;
  readonly #cache: ModelCache;
  readonly #writer: RecordWriter;
  readonly #session: InstanceSession;
  readonly #transitions: Transitions;
  readonly #gone: GoneInstances;
  readonly #startedAtMs: number;
  readonly #stop = new AbortController();
  #second: Timer | undefined;
  #secondsLeft = housekeepingSeconds;
  #isFirstReset = true;
  #isScheduled = false;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedMeshOptions) {
    const { clock, random, log, store, instanceId, limits } = options;
    this.#options = options;
    this.#startedAtMs = clock.nowMs();
    this.#decisions = new DecisionLog(limits.maxDecisions);
    this.#metrics = meshMetrics(options.metrics);
    this.#gone = new GoneInstances(2 * secondMs * limits.leaseTtlSeconds);
    this.#view = new RegistryView({ log, onChange: (change) => this.#onChange(change) });
    const shared = { store, view: this.#view, instanceId, clock, random, log };
    this.#writer = new RecordWriter({ ...shared, intervalMs: limits.recordIntervalMs });
    this.#recorder = new CacheRecorder({
      clock,
      log,
      metrics: this.#metrics,
      decisions: this.#decisions,
      record: (modelId, facts) => this.#writer.add(modelId, facts),
      onChanged: (modelId) => this.#reconsider(modelId),
    });
    this.#cache = new ModelCache({
      clock,
      log,
      limits,
      capacityBytes: options.capacityBytes,
      sourceOf: (modelId, cause) => this.#sourceOf(modelId, cause),
      events: this.#recorder,
    });
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
      isLeader: () => this.#session.isLeader,
      stateOf: (vmodelId) => this.#transitionState(vmodelId),
      ensure: (modelId, reason) => this.#cache.ensure(modelId, { reason }),
      onSwitched: (vmodelId, targetModelId) =>
        this.#decide(targetModelId, { kind: "switch", reason: `it is the active model of ${vmodelId} now` }),
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
    void this.#follow();
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
    const local = this.#cache.state(modelId);
    if (local) return local;
    const record = this.#writer.current(modelId);
    if (!record) return "NotLoaded";
    if (planAdmission(this.#admissionState(modelId, "background")).kind === "refuse") return "FailedToLoad";
    const copies = Object.fromEntries(Object.entries(record.copies).filter(([instanceId]) => this.#isOtherLive(instanceId)));
    return modelStateOf({ ...record, copies, failures: {} });
  }

  signature(modelId: string): ModelSignature | undefined {
    return this.#cache.peek(modelId)?.model.signature ?? this.#writer.current(modelId)?.signature;
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

  /** Keeps the view true until the mesh closes, whatever happens to the store. */
  async #follow(): Promise<void> {
    const { store, clock, random, log } = this.#options;
    const { signal } = this.#stop;
    const onReset: Parameters<typeof listAndWatch>[2]["onReset"] = (keyValues, revision) => this.#view.reset(keyValues, revision);
    while (!signal.aborted) {
      try {
        await listAndWatch(store, prefix, { clock, random, log, signal, onReset, onEvents: (batch) => this.#view.apply(batch) });
      } catch (error) {
        log.error("the registry is not followed; it is tried again", error);
        await sleep(clock, followRetryMs, signal).catch(() => {
          // Closed: the loop's condition ends it.
        });
      }
    }
  }

  #onChange(change: RegistryChange): void {
    if (this.#isFirstReset && this.#view.isReady) this.#onFirstReset();
    for (const modelId of change.models) this.#onModelChanged(modelId);
    for (const vmodelId of change.vmodels) this.#transitions.changed(vmodelId);
    const hasLostInstance = [...change.instances].some((instanceId) => !this.#view.instances.has(instanceId));
    // What a dead instance was loading is anybody's now.
    if (hasLostInstance || change.hasLeaderChanged) for (const vmodelId of this.#view.vmodels.keys()) this.#transitions.changed(vmodelId);
    if (change.hasLeaderChanged) void this.#session.refresh();
    this.#schedule();
  }

  #onFirstReset(): void {
    this.#isFirstReset = false;
    const { instanceId, capacityBytes, limits, crashReports } = this.#options;
    for (const modelId of new Set(crashReports.map((report) => report.modelId))) this.#quarantine(modelId);
    const warm = planWarmUp(this.#records(), { instanceId, capacityBytes, maxModels: limits.maxWarmUpModels });
    for (const modelId of warm) this.#warmUp(modelId);
    this.#keepHouse();
    this.#writer.onReady();
    void this.#session.refresh();
  }

  #quarantine(modelId: string): void {
    const record = this.#writer.current(modelId);
    if (!record || !isQuarantined(record)) return;
    const error = quarantineFailure(record);
    this.#writer.add(modelId, { failure: { atMs: record.crashes.at(-1)?.atMs ?? 0, error: error.toPublic() } });
    this.#decide(modelId, { kind: "quarantine", reason: error.message });
    this.#options.log.error("a model is quarantined", error, { modelId });
  }

  #warmUp(modelId: string): void {
    const { log } = this.#options;
    this.#cache.ensure(modelId, { reason: "it was loaded before the restart", placement: "oldest" }).catch((error: unknown) => {
      // A request will try again, and get the reason if it fails again.
      log.debug("a model was not loaded again at start", { modelId, reason: PlatformError.from(error).reason });
    });
  }

  #onModelChanged(modelId: string): void {
    const record = this.#view.models.get(modelId)?.record;
    const cached = this.#cache.peek(modelId);
    if (!record) this.#cache.forget(modelId, "the model was deleted");
    else if (cached) cached.revision = record.revision;
    for (const vmodelId of this.#view.referrersOf(modelId)) this.#transitions.changed(vmodelId);
  }

  #reconsider(modelId: string): void {
    const stored = this.#view.models.get(modelId);
    const cached = this.#cache.peek(modelId);
    // Deleted or renumbered while it was loading.
    if (!stored) this.#cache.forget(modelId, "the model was deleted");
    else if (cached) cached.revision = stored.record.revision;
    for (const vmodelId of this.#view.referrersOf(modelId)) this.#transitions.changed(vmodelId);
    this.#schedule();
  }

  #sourceOf(modelId: string, cause: LoadCause): LoadSource | PlatformError {
    if (!this.#view.isReady) return failure("MESH_NOT_READY", {}, { retryAfterMs: secondMs });
    const admission = planAdmission(this.#admissionState(modelId, cause));
    if (admission.kind === "refuse") return admission.error;
    const { record } = admission;
    const runtime = this.#options.runtimeOf(record);
    if (!runtime) return this.#refuseRuntime(modelId, record);
    const { type: modelType, artifactDigest, parameters, revision } = record;
    return { request: { modelId, modelType, artifactDigest, parameters }, revision, runtime };
  }

  #refuseRuntime(modelId: string, record: ModelRecord): PlatformError {
    const available = this.#options.runtimes.map((runtime) => runtime.name).join(", ");
    const error = failure("MODEL_RUNTIME_MISSING", { runtime: record.runtime, available });
    this.#writer.add(modelId, { failure: { atMs: this.#options.clock.nowMs(), error: error.toPublic() } });
    this.#decide(modelId, { kind: "loadFailed", reason: error.message });
    return error;
  }

  #admissionState(modelId: string, cause: LoadCause): AdmissionState {
    const { clock, instanceId, limits } = this.#options;
    const failureExpiryMs = cause === "request" ? limits.requestFailureExpiryMs : limits.failureExpiryMs;
    return { modelId, record: this.#writer.current(modelId), instanceId, nowMs: clock.nowMs(), failureExpiryMs };
  }

  #transitionState(vmodelId: string): TransitionState | undefined {
    const vmodel = this.#view.vmodels.get(vmodelId)?.record;
    if (!vmodel) return undefined;
    const otherInstances = { has: (instanceId: string) => this.#isOtherLive(instanceId) };
    return {
      vmodel,
      otherInstances,
      active: this.#transitionModel(vmodel.activeModelId),
      target: this.#transitionModel(vmodel.targetModelId),
    };
  }

  #transitionModel(modelId: string): TransitionModel | undefined {
    const record = this.#writer.current(modelId);
    if (!record) return undefined;
    return { record, local: this.#cache.state(modelId), refusedUntilMs: refusedUntilMs(this.#admissionState(modelId, "background")) };
  }

  #isOtherLive(instanceId: string): boolean {
    return instanceId !== this.#options.instanceId && this.#view.instances.has(instanceId);
  }

  *#records(): Iterable<readonly [string, ModelRecord]> {
    for (const [modelId, { record }] of this.#view.models) yield [modelId, this.#writer.current(modelId) ?? record];
  }

  #keepHouse(): void {
    if (!this.#view.isReady) return;
    const { clock, instanceId, limits } = this.#options;
    const isLive = (one: string): boolean => one === instanceId || this.#view.instances.has(one);
    const records = Array.from(this.#view.models.values(), (stored) => stored.record);
    const missing = this.#gone.update(records, { isLive, nowMs: clock.monotonicMs() });
    const planned = planHousekeeping({
      models: this.#records(),
      instanceId,
      localCopy: (modelId) => this.#localCopy(modelId),
      goneInstances: this.#session.isLeader ? missing : new Set(),
      nowMs: clock.nowMs(),
      failureExpiryMs: limits.failureExpiryMs,
    });
    for (const [modelId, facts] of planned) this.#writer.add(modelId, facts);
    this.#countRegistry(records);
  }

  #localCopy(modelId: string): ReturnType<typeof copyOf> | undefined {
    const cached = this.#cache.peek(modelId);
    if (cached) return copyOf(cached, cached.loadedAtMs);
    return this.#cache.state(modelId) === "Loading" ? { state: "loading", startedAtMs: this.#options.clock.nowMs() } : undefined;
  }

  #countRegistry(records: readonly ModelRecord[]): void {
    const metrics = this.#metrics;
    metrics.registeredModels.set(records.length);
    metrics.loadedModels.set(records.filter((record) => modelStateOf(record) === "Loaded").length);
    metrics.failedModels.set(records.filter((record) => modelStateOf(record) === "FailedToLoad").length);
  }

  #setSecond(): void {
    this.#second = this.#options.clock.setTimer(secondMs, () => this.#onSecond(), { background: true });
  }

  #onSecond(): void {
    this.#cache.tick();
    this.#measure();
    this.#transitions.run();
    void this.#session.refresh();
    if (--this.#secondsLeft <= 0) {
      this.#secondsLeft = housekeepingSeconds;
      this.#keepHouse();
    }
    this.#setSecond();
  }

  #measure(): void {
    const { clock, capacityBytes } = this.#options;
    const { usedBytes, modelCount, oldestUseMs } = this.#cache;
    const nowMs = clock.nowMs();
    this.#metrics.usedBytes.set(usedBytes);
    this.#metrics.usedBasisPoints.set(Math.round((usedBytes / capacityBytes) * 10_000));
    this.#metrics.modelCount.set(modelCount);
    this.#metrics.oldestUseAge.set((nowMs - (oldestUseMs ?? nowMs)) / secondMs);
  }

  #instanceRecord(): InstanceRecord {
    const { version, pid, capacityBytes } = this.#options;
    const { usedBytes, modelCount, loadingCount, oldestUseMs } = this.#cache;
    const { loads, evictions } = this.#recorder.counts;
    const use = { capacityBytes, usedBytes, modelCount, loadingCount, ...(oldestUseMs !== undefined && { oldestUseMs }) };
    return { startedAtMs: this.#startedAtMs, version, pid, ...use, loads, evictions, shuttingDown: this.#closing !== undefined };
  }

  #decide(modelId: string, decision: Omit<Decision, "atMs" | "modelId">): void {
    this.#decisions.add({ atMs: this.#options.clock.nowMs(), modelId, ...decision });
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
