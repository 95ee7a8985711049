/** Options of the in-process ONNX runtime, and their defaults. */
import { availableParallelism, totalmem } from "node:os";
import { type Clock, type Log, type Metrics, OwedWork } from "@modelyard/core";
import type { LocalArtifacts } from "@modelyard/objects";
import type { RunJournal } from "../journal/run-journal.ts";

/** Limits of the runtime; each has a default. */
export interface OnnxRuntimeLimits {
  /** Loads at once. Default 4. */
  readonly maxLoads: number;
  /** For each step of a load but a run. Default 120,000. */
  readonly loadLimitMs: number;
  /** For one run, unless the model's parameter `runLimit` says otherwise. Enforced where there is a watchdog, or a supervisor. Default 30,000. */
  readonly runLimitMs: number;
  /** Models that run faster than this run on the I/O thread. Default 150 µs. */
  readonly inlineBelowMicros: number;
  /** Default: one per core. */
  readonly maxWorkers: number;
  /** A worker that holds no model ends after this. Default 60,000. */
  readonly workerIdleMs: number;
  /** Runs sent to a worker, or to a model's own process, and not answered. Default 2,048. */
  readonly maxQueuedRunsPerWorker: number;
  /** Models that run in processes of their own. Default 8. */
  readonly maxIsolatedModels: number;
  /** Private memory of such a process. Default: 1 GiB and 4 times the capacity, at most half of the machine's. */
  readonly isolatedMemoryBytes: number;
  /** Prepare children at once. Default 2: one that hangs does not hold up the others. */
  readonly maxPrepareProcesses: number;
  /** Models that wait for a prepare child. Default 1,024. */
  readonly maxWaitingPrepares: number;
  /** Private memory of a prepare child. Default: 1 GiB and 4 times the capacity, at most half of the machine's. */
  readonly prepareMemoryBytes: number;
  /** A prepare child without work ends after this. Default 30,000. */
  readonly prepareIdleMs: number;
  /** Disk space of all prepared copies. Default 20 GiB. */
  readonly maxPreparedBytes: number;
}

/** Options of `onnxRuntime`. */
export interface OnnxRuntimeOptions {
  readonly artifacts: LocalArtifacts;
  /** Folder of prepared copies: a cache, may be deleted at any time and shared by processes. */
  readonly preparedDir: string;
  /** Bytes its models may occupy together. The caller keeps to it; the runtime only reports it. */
  readonly capacityBytes: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly limits?: Partial<OnnxRuntimeLimits>;
  /** Where it says how long the runs will take that it has put off. Default: nowhere. */
  readonly owed?: OwedWork;
  /** Says who runs, for the watchdog and the post-mortem; with at least one thread more than `maxWorkers`. Default: none is kept. */
  readonly journal?: RunJournal;
}

/** Options with every default filled in. */
export interface ResolvedOnnxRuntimeOptions extends Omit<OnnxRuntimeOptions, "limits"> {
  readonly limits: OnnxRuntimeLimits;
  readonly owed: OwedWork;
}

const gibibyte = 2 ** 30;

/** Fills in the defaults. */
export function resolveOnnxRuntimeOptions(options: OnnxRuntimeOptions): ResolvedOnnxRuntimeOptions {
  const { limits = {}, capacityBytes } = options;
  const cores = availableParallelism();
  // As many workers as the journal has room for, where one is given.
  const maxWorkers = limits.maxWorkers ?? Math.max(1, Math.min(cores, (options.journal?.threads ?? cores + 1) - 1));
  const childMemoryBytes = Math.max(2 * gibibyte, Math.min(gibibyte + 4 * capacityBytes, totalmem() / 2));
  return {
    ...options,
    owed: options.owed ?? new OwedWork(),
    limits: {
      maxLoads: 4,
      loadLimitMs: 120_000,
      runLimitMs: 30_000,
      inlineBelowMicros: 150,
      workerIdleMs: 60_000,
      maxQueuedRunsPerWorker: 2048,
      maxIsolatedModels: 8,
      isolatedMemoryBytes: childMemoryBytes,
      maxPrepareProcesses: 2,
      maxWaitingPrepares: 1024,
      prepareMemoryBytes: childMemoryBytes,
      prepareIdleMs: 30_000,
      maxPreparedBytes: 20 * gibibyte,
      ...limits,
      maxWorkers,
    },
  };
}
