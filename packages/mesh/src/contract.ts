/** The mesh as the gateway sees it: an immutable routing table, and one way to get hold of a model that is, or will be, in memory. */
import type { LoadedModel, ModelSignature } from "@modelyard/runtimes";

/** One revision a service serves. */
export interface ServedRevision {
  readonly revision: number;
  readonly modelId: string;
}

/** A service in the routing table. The object is replaced, never changed, when anything in it changes. */
export interface ServiceRoute {
  readonly namespace: string;
  /** Name of the InferenceService object. */
  readonly name: string;
  /** Name shown to clients: the one it was deployed under. */
  readonly modelName: string;
  readonly active: ServedRevision;
  /** Every revision that is served, the active one first. */
  readonly revisions: readonly ServedRevision[];
  /** Whether the repository API unloaded it: its requests are to be refused with `MODEL_UNLOADED` until it is loaded again. Default false. */
  readonly isUnloaded?: boolean;
}

/** A model held in memory for one request; give it back exactly once. The same object may be handed to several holders. */
export interface HeldModel {
  readonly model: LoadedModel;
  readonly revision: number;
  /** Ends one hold. An evicted model is unloaded when its last holder has let go. */
  release(): void;
}

/** How long a request waits for a load. */
export interface AcquireOptions {
  /** On the injected clock's monotonic scale. Passing it rejects this waiter alone with `DEADLINE_EXCEEDED`; the load goes on. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

/** What is known of a revision without loading it. */
export type ModelState = "NotLoaded" | "Loading" | "Loaded" | "FailedToLoad";

/** The mesh of this process. */
export interface Mesh {
  /** Grows whenever any route changes: whatever was memoised from routes of an older epoch is void. */
  readonly epoch: number;
  /** False until the registry was read once; it stays true while the store is away. */
  readonly isReady: boolean;
  /** By object name or by model name. Constant time, no allocation. */
  find(namespace: string, name: string): ServiceRoute | undefined;
  /** Every route of a namespace (all namespaces when absent), by name. */
  list(namespace?: string): readonly ServiceRoute[];
  /** A hit answers at once, without a promise; a miss starts or joins the one load of the model. Rejects with the load's failure. */
  acquire(modelId: string, options: AcquireOptions): HeldModel | Promise<HeldModel>;
  state(modelId: string): ModelState;
  /** From the loaded copy or the registry; undefined until the model was loaded once anywhere. */
  signature(modelId: string): ModelSignature | undefined;
  /** Takes an unload back, in the store, and loads the active revision here. Rejects with the load's failure or the store's. */
  load(route: ServiceRoute, options: AcquireOptions): Promise<void>;
  /**
   * Unloads a service until it is loaded again or gets another active revision, also across restarts: recorded in the store, then evicted
   * here and by every other instance. Resolves when it is recorded and no request can start here; those in flight keep the memory until they end.
   */
  unload(route: ServiceRoute, options: AcquireOptions): Promise<void>;
}
