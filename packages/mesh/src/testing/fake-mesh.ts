/** A {@link Mesh} of given models for tests of what stands above it: real routing, no store, no runtime; the test decides when a load ends. */
import { assert, failure, type PlatformError } from "@modelyard/core";
import type { LoadedModel, ModelSignature } from "@modelyard/runtimes";
import type { AcquireOptions, HeldModel, Mesh, ModelState, ServiceRoute } from "../contract.ts";
import { RoutingTable } from "../routing-table.ts";

/** One revision of a fake service. */
export interface FakeRevision {
  readonly revision: number;
  readonly model: LoadedModel;
  /**
   * `loaded`: acquired at once. `onDemand`: by a promise, then at once. `manual`: as `onDemand`, but only after `finishLoad` or `failLoad`.
   * An error: every acquire rejects with it. Default `loaded`.
   */
  readonly load?: "loaded" | "onDemand" | "manual" | PlatformError;
}

/** One fake service. */
export interface FakeService {
  /** Default `default`. */
  readonly namespace?: string;
  readonly name: string;
  /** Default the object name. */
  readonly modelName?: string;
  /** The active one first. */
  readonly revisions: readonly [FakeRevision, ...FakeRevision[]];
}

/** A fake mesh and what a test does to it. */
export interface FakeMesh extends Mesh {
  isReady: boolean;
  /** Holds that were not released. */
  readonly holds: number;
  /** Requests that wait for a load. */
  readonly waiting: number;
  /** Replaces every service; grows the epoch when a route changed. Requests that wait for a load go on waiting for it. */
  setServices(services: readonly FakeService[]): void;
  /** Ends a `manual` load: all who wait get the model. */
  finishLoad(modelId: string): void;
  /** Ends a `manual` load: all who wait get the error; the next acquire loads again. */
  failLoad(modelId: string, error: PlatformError): void;
  /** Forgets a loaded model: the next acquire loads again, manually. */
  evict(modelId: string): void;
}

interface FakeCopy {
  readonly held: HeldModel;
  state: ModelState;
  manual: boolean;
  readonly error: PlatformError | undefined;
  readonly waiters: Set<FakeWaiter>;
}

interface FakeWaiter {
  resolve(held: HeldModel): void;
  reject(error: unknown): void;
}

/** A mesh that serves the given models. The id of a model is its own `modelId`; deadlines are not watched, signals are. */
export function fakeMesh(options: { readonly services?: readonly FakeService[] } = {}): FakeMesh {
  const table = new RoutingTable();
  const copies = new Map<string, FakeCopy>();
  let holds = 0;
  let isReady = true;

  const addRevision = (one: FakeRevision): void => {
    const release = (): void => void holds--;
    const held: HeldModel = { model: one.model, revision: one.revision, release };
    const load = one.load ?? "loaded";
    const error = typeof load === "string" ? undefined : load;
    const state = load === "loaded" ? "Loaded" : error ? "FailedToLoad" : "NotLoaded";
    copies.set(one.model.modelId, { held, state, manual: load === "manual", error, waiters: new Set() });
  };

  const addService = ({ namespace = "default", name, modelName = name, revisions }: FakeService): void => {
    revisions.forEach(addRevision);
    const [active, ...others] = revisions;
    const served = (one: FakeRevision): ServiceRoute["active"] => ({ revision: one.revision, modelId: one.model.modelId });
    table.set({ namespace, name, modelName, active: served(active), revisions: [served(active), ...others.map(served)] });
  };

  const setServices = (services: readonly FakeService[]): void => {
    const waitedFor = [...copies].filter(([, copy]) => copy.waiters.size > 0);
    copies.clear();
    const wanted = new Set(services.map((one) => `${one.namespace ?? "default"}/${one.name}`));
    for (const route of table.list()) if (!wanted.has(`${route.namespace}/${route.name}`)) table.delete(route.namespace, route.name);
    services.forEach(addService);
    for (const [modelId, copy] of waitedFor) copies.set(modelId, copy);
  };

  const copyOf = (modelId: string): FakeCopy => {
    const copy = copies.get(modelId);
    assert(copy, `the fake mesh has a model "${modelId}"`);
    return copy;
  };

  const finishLoad = (modelId: string): void => {
    const copy = copyOf(modelId);
    copy.state = "Loaded";
    for (const waiter of copy.waiters) {
      holds++;
      waiter.resolve(copy.held);
    }
    copy.waiters.clear();
  };

  const acquire = (modelId: string, request: AcquireOptions): HeldModel | Promise<HeldModel> => {
    const copy = copies.get(modelId);
    if (!copy) return Promise.reject(failure("MODEL_NOT_REGISTERED", { service: modelId }));
    if (copy.error) return Promise.reject(copy.error);
    if (copy.state === "Loaded") {
      holds++;
      return copy.held;
    }
    copy.state = "Loading";
    if (!copy.manual) queueMicrotask(() => copies.get(modelId) === copy && finishLoad(modelId));
    return waitFor(copy, request.signal);
  };

  setServices(options.services ?? []);
  return {
    get epoch() {
      return table.epoch;
    },
    get isReady() {
      return isReady;
    },
    set isReady(value) {
      isReady = value;
    },
    get holds() {
      return holds;
    },
    get waiting() {
      return [...copies.values()].reduce((sum, copy) => sum + copy.waiters.size, 0);
    },
    find: (namespace, name) => table.find(namespace, name),
    list: (namespace) => table.list(namespace),
    acquire,
    state: (modelId) => copies.get(modelId)?.state ?? "NotLoaded",
    signature: (modelId): ModelSignature | undefined => {
      const copy = copies.get(modelId);
      return copy?.state === "Loaded" ? copy.held.model.signature : undefined;
    },
    load: async (route, request) => {
      table.set({ ...route, isUnloaded: false });
      (await acquire(route.active.modelId, request)).release();
    },
    unload(route) {
      table.set({ ...route, isUnloaded: true });
      for (const { modelId } of route.revisions) copyOf(modelId).state = "NotLoaded";
      return Promise.resolve();
    },
    setServices,
    finishLoad,
    failLoad(modelId, error) {
      const copy = copyOf(modelId);
      copy.state = "FailedToLoad";
      for (const waiter of copy.waiters) waiter.reject(error);
      copy.waiters.clear();
    },
    evict(modelId) {
      const copy = copyOf(modelId);
      copy.state = "NotLoaded";
      copy.manual = true;
    },
  };
}

function waitFor(copy: FakeCopy, signal: AbortSignal | undefined): Promise<HeldModel> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const waiter = { resolve, reject };
    copy.waiters.add(waiter);
    const onAbort = (): void => {
      if (copy.waiters.delete(waiter)) reject(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
