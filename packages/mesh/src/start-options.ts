/** Options of a serving process's mesh, their defaults, and the contradictions that are refused. */
import { assert, type Clock, type Log, type Metrics, type Random } from "@modelyard/core";
import type { CrashReport, ModelRuntime } from "@modelyard/runtimes";
import type { Store } from "@modelyard/store";
import type { ModelRecord } from "./records.ts";

/** Limits and periods. All have defaults. */
export interface MeshLimits {
  /** Loads at once. Default what the runtimes say, the largest of them. */
  readonly maxLoadingConcurrency?: number;
  /** Loads that wait for their turn; one more request is refused with `LOAD_QUEUE_FULL`. Default 10,000. */
  readonly maxQueuedLoads?: number;
  /** Requests that wait for loads together; one more is refused with `LOAD_QUEUE_FULL`. Default 50,000. */
  readonly maxWaiters?: number;
  /** How long a load waits for memory that is in use before it fails with `MEMORY_EXHAUSTED`. Default 20,000 ms. */
  readonly roomTimeoutMs?: number;
  /** How long a failed load is remembered. Default 900,000 ms. */
  readonly failureExpiryMs?: number;
  /** How long it is remembered against a request. Default 450,000 ms. */
  readonly requestFailureExpiryMs?: number;
  /** Least time between two writes of copies and failures to the store. Default 100 ms. */
  readonly recordIntervalMs?: number;
  /** Least time between two writes of the instance record on change. Default 2,000 ms. */
  readonly instanceIntervalMs?: number;
  /** Time to live of the instance's lease. Default 10 s. */
  readonly leaseTtlSeconds?: number;
  /** How long an instance that does not lead waits before it does what the leader should have done. Default 3,000 ms. */
  readonly takeOverAfterMs?: number;
  /** How long `close()` waits for holds in flight. Default 5,000 ms. */
  readonly drainTimeoutMs?: number;
  /** Models of its previous life that an instance loads again on its own at start. Default 100; 0 = none. */
  readonly maxWarmUpModels?: number;
  /** Decisions kept for `explain`. Default 4,096. */
  readonly maxDecisions?: number;
}

/** Options of `startMesh`. */
export interface MeshOptions {
  /** May go away and come back at any time. Not closed by the mesh. */
  readonly store: Store;
  /** At least one. Not closed by the mesh. */
  readonly runtimes: readonly ModelRuntime[];
  /** Which runtime loads a model. Default the one of the name the record has, or the only one. */
  readonly runtimeOf?: (record: ModelRecord) => ModelRuntime | undefined;
  /** Unique among living instances; a restarted process that keeps its id takes over what it left behind at once. */
  readonly instanceId: string;
  /** Bytes that models may occupy together. */
  readonly capacityBytes: number;
  /** Version of the program, for the instance record. */
  readonly version: string;
  /** Process id, for the instance record. */
  readonly pid: number;
  /** What the supervisor found out about the process before this one. Default none. */
  readonly crashReports?: readonly CrashReport[];
  readonly limits?: MeshLimits;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly random: Random;
}

/** Options with every default filled in. */
export interface ResolvedMeshOptions extends Omit<Required<MeshOptions>, "limits"> {
  readonly limits: Required<MeshLimits>;
}

/** Fills in the defaults. */
export function resolveMeshOptions(options: MeshOptions): ResolvedMeshOptions {
  const { runtimes, capacityBytes, limits = {} } = options;
  assert(runtimes.length > 0, "the mesh has a runtime");
  assert(Number.isSafeInteger(capacityBytes) && capacityBytes > 0, "the capacity is a whole number of bytes above 0");
  const resolved = { ...defaultLimits, maxLoadingConcurrency: loadingConcurrencyOf(runtimes), ...limits };
  assert(resolved.requestFailureExpiryMs <= resolved.failureExpiryMs, "requestFailureExpiryMs is at most failureExpiryMs");
  return {
    ...options,
    runtimeOf: options.runtimeOf ?? ((record) => runtimeByName(runtimes, record.runtime)),
    crashReports: options.crashReports ?? [],
    limits: resolved,
  };
}

const defaultLimits: Required<Omit<MeshLimits, "maxLoadingConcurrency">> = {
  maxQueuedLoads: 10_000,
  maxWaiters: 50_000,
  roomTimeoutMs: 20_000,
  failureExpiryMs: 900_000,
  requestFailureExpiryMs: 450_000,
  recordIntervalMs: 100,
  instanceIntervalMs: 2_000,
  leaseTtlSeconds: 10,
  takeOverAfterMs: 3_000,
  drainTimeoutMs: 5_000,
  maxWarmUpModels: 100,
  maxDecisions: 4_096,
};

function loadingConcurrencyOf(runtimes: readonly ModelRuntime[]): number {
  return Math.max(1, ...runtimes.map((runtime) => runtime.status().maxLoadingConcurrency));
}

function runtimeByName(runtimes: readonly ModelRuntime[], name: string): ModelRuntime | undefined {
  return runtimes.find((runtime) => runtime.name === name) ?? (runtimes.length === 1 ? runtimes[0] : undefined);
}
