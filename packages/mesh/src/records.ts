/**
 * What the mesh keeps in the store, and where. Control writes intentions (models, vmodels); serving processes write facts (copies, failures,
 * active revisions). Field names follow ModelMesh's records where it has them. Unknown fields survive a round trip.
 *
 * Keys: `mesh/registry/<modelId>`, `mesh/vmodels/<vmodelId>`, `mesh/instances/<instanceId>` (leased), `mesh/leader` (leased).
 * vmodelId = `<namespace>/<object name>`; modelId = `<namespace>/<object name>__isvc-<10 hex of SHA-1 over digest, format, runtime, parameters>`.
 */
import type { PublicError } from "@modelyard/core";
import type { LoadStage, ModelSignature } from "@modelyard/runtimes";

/** One copy of a model in one instance. An evicted copy has no entry. */
export interface CopyRecord {
  readonly state: "loading" | "loaded";
  /** While loading: which step. */
  readonly stage?: LoadStage;
  /** When the load began, ms since 1970. */
  readonly startedAtMs: number;
  readonly loadedAtMs?: number;
  readonly sizeBytes?: number;
  readonly sizeSource?: "measured" | "estimated";
}

/** A failed load in one instance; forgotten after the failure expiry (900 s; 450 s when asked for by a request). */
export interface FailureRecord {
  readonly atMs: number;
  readonly error: PublicError;
}

/** An immutable model: one revision of a service. */
export interface ModelRecord {
  readonly type: string;
  readonly artifactDigest: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Name of the ServingRuntime chosen for it. */
  readonly runtime: string;
  readonly revision: number;
  /** vmodels that refer to it; at 0 it goes when `autoDelete` is set. */
  readonly references: number;
  readonly autoDelete: boolean;
  readonly copies: Readonly<Record<string, CopyRecord>>;
  readonly failures: Readonly<Record<string, FailureRecord>>;
  /** Crashes while this model ran, newest last; two quarantine it. */
  readonly crashes: readonly { readonly atMs: number; readonly kind: "crash" | "hang" }[];
  /** Set by the first successful load. */
  readonly signature?: ModelSignature;
  /** Last use, ms since 1970; written with other changes, never for its own sake. */
  readonly lastUsedMs: number;
  readonly [unknownField: string]: unknown;
}

/** A stable name over immutable models. */
export interface VModelRecord {
  readonly owner: "isvc" | "ksp";
  /** Name clients use when it is no valid object name (annotation `modelyard.dev/model-name`). */
  readonly modelName?: string;
  readonly activeModelId: string;
  readonly activeRevision: number;
  /** Equal to the active one unless in transition. */
  readonly targetModelId: string;
  readonly targetRevision: number;
  /** The target failed to load; the active one goes on serving. */
  readonly failed: boolean;
  /** The active model, when the repository API unloaded it: requests are refused until it is loaded again. Any other model: no longer so. */
  readonly unloadedModelId?: string;
  readonly [unknownField: string]: unknown;
}

/** A serving process. */
export interface InstanceRecord {
  readonly startedAtMs: number;
  readonly version: string;
  readonly pid: number;
  readonly capacityBytes: number;
  readonly usedBytes: number;
  readonly modelCount: number;
  readonly loadingCount: number;
  /** Oldest last use in its cache, ms since 1970; absent when empty. */
  readonly oldestUseMs?: number;
  readonly loads: number;
  readonly evictions: number;
  readonly shuttingDown: boolean;
  readonly [unknownField: string]: unknown;
}

/** Prefixes of the keys. */
export const registryPrefix = "mesh/registry/";
export const vmodelPrefix = "mesh/vmodels/";
export const instancePrefix = "mesh/instances/";
export const leaderKey = "mesh/leader";
