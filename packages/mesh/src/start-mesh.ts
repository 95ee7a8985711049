/** The mesh of one serving process, put together: view, cache, record writer, session, transitions, what follows from changes, and the second hand that drives them. */
import type { Timer } from "@modelyard/core";
import type { ModelSignature } from "@modelyard/runtimes";
import { ModelCache } from "./cache/model-cache.ts";
import { ChangeReactions } from "./change-reactions.ts";
import type { AcquireOptions, HeldModel, ModelState, ServiceRoute } from "./contract.ts";
import { type Decision, DecisionLog } from "./decisions.ts";
import { followRegistry } from "./follow-registry.ts";
import { Admissions } from "./instance/admissions.ts";
import { CacheRecorder } from "./instance/cache-recorder.ts";
import { Housekeeping } from "./instance/housekeeping.ts";
import { InstanceSession } from "./instance/instance-session.ts";
import { RecordWriter } from "./instance/record-writer.ts";
import { type MeshMetrics, measureCache, meshMetrics } from "./mesh-metrics.ts";
import type { InstanceRecord } from "./records.ts";
import { RegistryView } from "./registry-view.ts";
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
  readonly #unloading: Unloading;
  readonly #reactions: ChangeReactions;
  readonly #startedAtMs: number;
  readonly #stop = new AbortController();
  #second: Timer | undefined;
  #secondsLeft = housekeepingSeconds;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedMeshOptions) {
    const { clock, random, log, store, instanceId, limits } = options;
    const decisions = new DecisionLog(limits.maxDecisions);
    const metrics = meshMetrics(options.metrics);
    const view = new RegistryView({ log, onChange: (change) => this.#reactions.onRegistryChanged(change) });
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
      quarantine: (modelId) => this.#reactions.quarantine(modelId),
      onChanged: (modelId) => this.#reactions.onCacheChanged(modelId),
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
    const housekeeping = new Housekeeping({ ...shared, ...limits, writer, cache: this.#cache, isLeader, goneAfterMs, signal });
    this.#session = new InstanceSession({
      ...shared,
      ttlSeconds: limits.leaseTtlSeconds,
      intervalMs: limits.instanceIntervalMs,
      record: () => this.#instanceRecord(),
      onBegin: () => this.#reactions.keepHouse(),
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
    const [cache, admissions, session] = [this.#cache, this.#admissions, this.#session];
    const [transitions, unloading] = [this.#transitions, this.#unloading];
    const changed = { view, cache, admissions, writer, session, housekeeping, transitions, unloading };
    this.#reactions = new ChangeReactions({ ...options, ...limits, ...changed, signal });
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
      this.#reactions.keepHouse();
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
}
