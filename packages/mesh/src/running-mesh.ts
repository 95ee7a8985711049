/** What the composition root and the describing side see of a mesh beyond what the gateway sees. */
import type { Mesh } from "./contract.ts";
import type { Decision } from "./decisions.ts";

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
