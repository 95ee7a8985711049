/** The mesh of one serving process, put together. */
import { failure } from "@modelyard/core";
import type { Mesh } from "./contract.ts";
import type { Decision } from "./decisions.ts";
import { type MeshOptions, resolveMeshOptions } from "./start-options.ts";

/** What the cache of a mesh holds and has done. */
export interface MeshStatistics {
  readonly capacityBytes: number;
  /** Charged: loaded, being loaded, and evicted but not yet unloaded. */
  readonly usedBytes: number;
  readonly modelCount: number;
  readonly loadingCount: number;
  readonly queuedCount: number;
  readonly waitingCount: number;
  readonly loads: number;
  readonly loadFailures: number;
  readonly evictions: number;
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
  resolveMeshOptions(options);
  return Promise.reject(failure("UNIMPLEMENTED", { what: "The mesh" }));
}
