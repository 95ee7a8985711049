/**
 * The models in this process's memory: loaded on first request, evicted in order of last use, never more than fit.
 *
 * Life of a copy:  queued -> loading -> loaded -> leaving -> gone
 *   queued    waits for one of the loading slots, requests before background loads
 *   loading   waits for its previous copy to be gone, then for room, then for the runtime
 *   loaded    handed out without a promise
 *   leaving   evicted: takes no new holder, still charged, unloaded when the last holder has let go
 *
 * Invariants: a model in use is not unloaded; a model has one copy; `usedBytes` <= capacity but for what a load needed beyond its prediction,
 * which is repaid before that model is handed out; every wait has a limit.
 *
 * Budget (hot path): `acquire` of a loaded model and its `release` <= 100 ns together, no allocation, no promise (`model-cache.bench.ts`).
 */
import { type Clock, failure, type Log, PlatformError, withDeadline } from "@modelyard/core";
import type { LoadedModel } from "@modelyard/runtimes";
import type { AcquireOptions, HeldModel, ModelState } from "../contract.ts";
import type { CacheEvents } from "./cache-events.ts";
import { CachedModel, type CachedModelOwner } from "./cached-model.ts";
import { Departures } from "./departures.ts";
import { LoadQueue } from "./load-queue.ts";
import { LruList } from "./lru-list.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { ModelLoader } from "./model-loader.ts";
import { type LoadSource, PendingLoad } from "./pending-load.ts";
import { planEviction } from "./plan-eviction.ts";

/** Options of {@link ModelCache}. */
export interface ModelCacheOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly capacityBytes: number;
  readonly limits: {
    readonly maxLoadingConcurrency: number;
    readonly maxQueuedLoads: number;
    readonly maxWaiters: number;
    readonly roomTimeoutMs: number;
  };
  /** What to load for a model that is not in memory, or why it must not be. */
  readonly sourceOf: (modelId: string, cause: LoadCause) => LoadSource | PlatformError;
  readonly events: CacheEvents;
}

/** Who wants a model loaded. */
export type LoadCause = "request" | "background";

/** How a background load treats the order of use. */
export interface EnsureOptions {
  /** Why, for the explanation. */
  readonly reason: string;
  /** Where the model goes when nobody waits for it: as if just used, or first to be evicted. Default `newest`. */
  readonly placement?: "newest" | "oldest";
}

/** Weighted LRU cache of loaded models. */
export class ModelCache implements CachedModelOwner {
  readonly #options: ModelCacheOptions;
  readonly #loaded = new Map<string, CachedModel>();
  readonly #pending = new Map<string, PendingLoad>();
  readonly #byLastUse = new LruList<CachedModel>();
  readonly #queue = new LoadQueue<PendingLoad>();
  readonly #budget: MemoryBudget;
  readonly #departures: Departures;
  readonly #loader: ModelLoader;
  readonly #closing = new AbortController();
  #tickMs: number;
  #loadingCount = 0;
  #waitingCount = 0;

  constructor(options: ModelCacheOptions) {
    const { clock, log, capacityBytes, limits, events } = options;
    const { roomTimeoutMs } = limits;
    this.#options = options;
    this.#tickMs = clock.nowMs();
    const makeRoom = (neededBytes: number, who: string): void => this.#makeRoom(neededBytes, who);
    this.#budget = new MemoryBudget({ clock, capacityBytes, timeoutMs: roomTimeoutMs, makeRoom });
    const budget = this.#budget;
    const departures = new Departures({ clock, log, budget, onAttemptFailed: () => events.onUnloadAttemptFailed() });
    this.#departures = departures;
    this.#loader = new ModelLoader({ clock, capacityBytes, roomTimeoutMs, budget, departures, events });
  }

  get usedBytes(): number {
    return this.#budget.usedBytes;
  }

  get modelCount(): number {
    return this.#loaded.size;
  }

  get loadingCount(): number {
    return this.#loadingCount;
  }

  get queuedCount(): number {
    return this.#queue.size;
  }

  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** Last use of the least recently used model, ms since 1970. */
  get oldestUseMs(): number | undefined {
    return this.#byLastUse.oldest?.lastUsedMs;
  }

  /** Sets the time that touches write, so that a request does not read the clock. */
  tick(): void {
    this.#tickMs = this.#options.clock.nowMs();
  }

  /** The loaded copy, without using it. */
  peek(modelId: string): CachedModel | undefined {
    return this.#loaded.get(modelId);
  }

  /** Every model that is here or on its way. */
  *modelIds(): Generator<string, void> {
    yield* this.#loaded.keys();
    for (const modelId of this.#pending.keys()) if (!this.#loaded.has(modelId)) yield modelId;
  }

  /** Whether it is here or on its way. */
  state(modelId: string): Extract<ModelState, "Loaded" | "Loading"> | undefined {
    if (this.#loaded.has(modelId)) return "Loaded";
    return this.#pending.has(modelId) ? "Loading" : undefined;
  }

  /** A hit answers at once; a miss starts or joins the one load. */
  acquire(modelId: string, options: AcquireOptions): HeldModel | Promise<HeldModel> {
    const cached = this.#loaded.get(modelId);
    if (cached === undefined) return this.#acquireMiss(modelId, options);
    cached.holders++;
    cached.lastUsedMs = this.#tickMs;
    this.#byLastUse.touch(cached);
    return cached;
  }

  /** Loads in the background unless it is here; rejects with the load's failure. Holds nothing. */
  async ensure(modelId: string, options: EnsureOptions): Promise<void> {
    if (this.#loaded.has(modelId)) return;
    const load = this.#pending.get(modelId) ?? this.#begin(modelId, "background", options);
    const error = await load.ended();
    if (error !== undefined) throw error;
  }

  /** Evicts a model, or gives up its load; those who already wait for it still get it. */
  forget(modelId: string, reason: string): void {
    const cached = this.#loaded.get(modelId);
    if (cached) this.#evict(cached, reason);
    const load = this.#pending.get(modelId);
    if (!load) return;
    if (load.waiting > 0) load.evictReason = reason;
    else this.#giveUp(load, failure("CANCELLED", { what: "Loading the model" }, { internal: { reason } }));
  }

  onIdle(cached: CachedModel): void {
    this.#unload(cached);
  }

  /** Refuses new loads, gives up those under way, and unloads everything as it falls idle; resolves when all is gone or the time is over. */
  async close(drainTimeoutMs: number): Promise<void> {
    const closing = failure("MESH_CLOSING", {}, { retryAfterMs: 1_000 });
    if (!this.#closing.signal.aborted) {
      this.#closing.abort(closing);
      for (const load of this.#pending.values()) this.#giveUp(load, closing);
      for (const cached of this.#loaded.values()) this.#evict(cached, "the server is shutting down");
    }
    const { clock } = this.#options;
    await withDeadline(this.#departures.allOver(), { clock, limitMs: drainTimeoutMs, what: "Draining the model cache" }).catch(() => {
      // What is still in use ends with the process; waiting longer would only delay that.
      this.#options.log.warn("models were still in use when the mesh closed", { leaving: this.#departures.size });
    });
  }

  #acquireMiss(modelId: string, options: AcquireOptions): Promise<HeldModel> {
    const { clock, limits } = this.#options;
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    if (this.#waitingCount >= limits.maxWaiters) return Promise.reject(queueFull("requests", limits.maxWaiters));
    let load: PendingLoad;
    try {
      load = this.#pending.get(modelId) ?? this.#begin(modelId, "request");
    } catch (error) {
      return Promise.reject(error);
    }
    if (load.state === "queued") this.#queue.add(load, "request");
    this.#waitingCount++;
    const sinceMs = clock.monotonicMs();
    const answer = load.join(options, { clock, onLeave: () => this.#onWaiterGone(load, sinceMs) });
    this.#startLoads();
    return answer;
  }

  #onWaiterGone(load: PendingLoad, sinceMs: number): void {
    this.#waitingCount--;
    this.#options.events.onWaited(this.#options.clock.monotonicMs() - sinceMs);
    if (load.waiting === 0 && load.state === "queued" && this.#pending.get(load.modelId) === load) this.#queue.add(load, "background");
  }

  #begin(modelId: string, cause: LoadCause, options?: EnsureOptions): PendingLoad {
    this.#closing.signal.throwIfAborted();
    const source = this.#options.sourceOf(modelId, cause);
    if (PlatformError.is(source)) throw source;
    const { maxQueuedLoads } = this.#options.limits;
    if (this.#queue.size >= maxQueuedLoads) throw queueFull("loads", maxQueuedLoads);
    const load = new PendingLoad(source, this.#options.clock.monotonicMs());
    load.reason = options?.reason ?? "";
    load.placement = options?.placement ?? "newest";
    this.#pending.set(modelId, load);
    this.#queue.add(load, cause);
    if (cause === "background") this.#startLoads();
    return load;
  }

  #giveUp(load: PendingLoad, error: PlatformError): void {
    load.abort.abort(error);
    if (this.#queue.delete(load)) this.#endFailed(load, error);
  }

  #startLoads(): void {
    while (this.#loadingCount < this.#options.limits.maxLoadingConcurrency) {
      const load = this.#queue.take();
      if (!load) return;
      this.#loadingCount++;
      void this.#run(load);
    }
  }

  async #run(load: PendingLoad): Promise<void> {
    load.state = "loading";
    load.startedAtMs = this.#options.clock.nowMs();
    this.#options.events.onLoadStarted(load);
    try {
      this.#publish(load, await this.#loader.load(load));
    } catch (error) {
      this.#endFailed(load, PlatformError.from(error));
    } finally {
      this.#loadingCount--;
      this.#startLoads();
    }
  }

  #publish(load: PendingLoad, model: LoadedModel): void {
    this.tick();
    const { revision, request } = load.source;
    const cached = new CachedModel(model, { revision, isolation: request.isolation, nowMs: this.#tickMs, owner: this });
    this.#pending.delete(load.modelId);
    this.#loaded.set(load.modelId, cached);
    if (load.waiting > 0 || load.placement === "newest") this.#byLastUse.addNewest(cached);
    else this.#byLastUse.addOldest(cached);
    load.succeed(cached);
    this.#options.events.onLoaded(load, cached);
    if (load.evictReason !== undefined) this.#evict(cached, load.evictReason);
    // Somebody may wait for room that this model can now make.
    this.#budget.serve();
  }

  #endFailed(load: PendingLoad, error: PlatformError): void {
    this.#pending.delete(load.modelId);
    this.#options.events.onLoadFailed(load, error);
    load.fail(error);
  }

  #makeRoom(neededBytes: number, who: string): void {
    const { capacityBytes } = this.#options;
    const { usedBytes, leavingBytes } = this.#budget;
    const state = { capacityBytes, usedBytes, leavingBytes, byLastUse: this.#byLastUse };
    const plan = planEviction(state, neededBytes);
    for (const cached of plan.unload) this.#evict(cached, `least recently used and idle; room was needed for ${who}`);
    for (const cached of plan.drain)
      this.#evict(cached, `least recently used, in use; room was needed for ${who} and no idle model was left`);
  }

  #evict(cached: CachedModel, reason: string): void {
    if (cached.isLeaving) return;
    this.#loaded.delete(cached.modelId);
    this.#byLastUse.remove(cached);
    cached.isLeaving = true;
    this.#departures.begin(cached.modelId, cached.sizeBytes);
    this.#options.events.onEvicted(cached, reason);
    if (cached.holders === 0) this.#unload(cached);
  }

  #unload(cached: CachedModel): void {
    const { clock, events } = this.#options;
    const startedMs = clock.monotonicMs();
    void this.#departures.unload(cached.model, (isFreed) => {
      events.onUnloaded(cached, { isFreed, tookMs: clock.monotonicMs() - startedMs });
    });
  }
}

function queueFull(what: "loads" | "requests", limit: number): PlatformError {
  return failure("LOAD_QUEUE_FULL", { waiting: limit, what, limit }, { retryAfterMs: 1_000 });
}
