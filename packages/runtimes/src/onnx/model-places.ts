/** The places of a serving process that models run in: its I/O thread, its run workers, and processes of their own. */
import { assertNever, type Clock } from "@modelyard/core";
import { planBatching } from "../batching/plan-batching.ts";
import { ChildLauncher } from "../children/child-launcher.ts";
import type { LoadedModel, LoadOptions, LoadRequest } from "../contract.ts";
import type { IsolatedModel } from "../isolation/isolated-model.ts";
import { IsolatedModels } from "../isolation/isolated-models.ts";
import { noThreadJournal, type ThreadJournal } from "../journal/thread-journal.ts";
import type { PreparedCopy } from "../prepare/prepared-folder.ts";
import type { RunWorkerHandle } from "../workers/run-worker-handle.ts";
import { WorkerPool } from "../workers/worker-pool.ts";
import { InlineStage } from "./inline-stage.ts";
import { openModelSession, type SessionPlan } from "./model-session.ts";
import type { OnnxModelPlace, WorkerCopy } from "./onnx-model.ts";
import type { OrtEngine } from "./ort-engine.ts";
import type { PlacementPlan } from "./plan-placement.ts";
import type { ResolvedOnnxRuntimeOptions } from "./runtime-options.ts";
import { SharedSessions } from "./shared-sessions.ts";

// Runs that are put together hold up what comes after them: on the I/O thread other models and the sockets, in a worker other models.
const longestInlineMicros = 500;
const longestElsewhereMicros = 20_000;

/** Who loads what. Kept while a model has a process. */
export interface PlacedLoad {
  readonly request: LoadRequest;
  readonly runLimitMs: number;
  /** The prepared copy once more, for a model whose process ended. */
  readonly obtainAgain: () => Promise<PreparedCopy>;
  readonly onCrash: LoadOptions["onCrash"];
}

/** Where it is opened. */
export interface ChosenPlace {
  readonly placement: LoadedModel["placement"];
  /** Of the placement `worker`. */
  readonly workers: readonly RunWorkerHandle[];
}

/** See the module. */
export class ModelPlaces {
  readonly #clock: Clock;
  readonly #journal: ThreadJournal;
  readonly #loadLimitMs: number;
  readonly #sessions: SharedSessions;
  readonly #stage: InlineStage;
  readonly #workers: WorkerPool;
  readonly #isolated: IsolatedModels;

  constructor({ clock, log, limits, journal, owed }: ResolvedOnnxRuntimeOptions, engine: OrtEngine) {
    const { maxWorkers, maxQueuedRunsPerWorker: maxQueued, workerIdleMs } = limits;
    this.#clock = clock;
    this.#journal = journal?.main ?? noThreadJournal;
    this.#loadLimitMs = limits.loadLimitMs;
    this.#sessions = new SharedSessions(engine);
    this.#stage = new InlineStage(clock, owed);
    this.#workers = new WorkerPool({ clock, log, journal, maxWorkers, maxQueuedPerWorker: maxQueued, idleMs: workerIdleMs });
    const launcher = new ChildLauncher({ entry: "#run-worker", memoryBytes: limits.isolatedMemoryBytes, serialization: "advanced", log });
    this.#isolated = new IsolatedModels({ launcher, clock, log, maxQueued }, limits.maxIsolatedModels);
  }

  /** The place for one more model. */
  choose({ placement, copies }: Pick<PlacementPlan, "placement" | "copies">): ChosenPlace {
    return { placement, workers: placement === "worker" ? this.#workers.choose(copies) : [] };
  }

  /** Opens a prepared copy. Rejects with ONNX Runtime's own error, or with why there is no process for it. */
  async open(load: PlacedLoad, copy: PreparedCopy, { placement, workers }: ChosenPlace): Promise<OnnxModelPlace> {
    const plan = this.#sessionPlan(load, copy, placement);
    const { batching } = plan;
    switch (placement) {
      case "inline": {
        const thread = { sessions: this.#sessions, journal: this.#journal, clock: this.#clock };
        return { placement, session: await openModelSession(plan, thread, copy.checkedBytes()), stage: this.#stage, batching };
      }
      case "worker":
        return { placement, copies: await openCopies(workers, plan), batching };
      case "process":
        return { placement, isolated: await this.#openIsolated(load, plan), batching };
      default:
        return assertNever(placement);
    }
  }

  /** Ends the workers and the processes; idempotent. */
  async close(): Promise<void> {
    await Promise.all([this.#workers.close(), this.#isolated.close()]);
  }

  #openIsolated(load: PlacedLoad, plan: SessionPlan): Promise<IsolatedModel> {
    const { modelId } = load.request;
    const replan = async (): Promise<SessionPlan> => this.#sessionPlan(load, await load.obtainAgain(), "process");
    return this.#isolated.open({ modelId, plan, replan, onCrash: load.onCrash });
  }

  #sessionPlan({ request, runLimitMs }: PlacedLoad, { info, path }: PreparedCopy, placement: LoadedModel["placement"]): SessionPlan {
    const { threads, inputs, outputs } = info;
    const { modelId, parameters } = request;
    const longestMicros = placement === "inline" ? longestInlineMicros : longestElsewhereMicros;
    const batching = planBatching({ info, parameters, longestMicros });
    return { modelId, path, threads, inputs, outputs, runLimitMs, loadLimitMs: this.#loadLimitMs, ...(batching && { batching }) };
  }
}

/** In each worker or in none. */
async function openCopies(workers: readonly RunWorkerHandle[], plan: SessionPlan): Promise<readonly WorkerCopy[]> {
  const copies: WorkerCopy[] = [];
  try {
    for (const worker of workers) copies.push({ worker, handle: await worker.open(plan) });
    return copies;
  } catch (error) {
    await Promise.all(copies.map(({ worker, handle }) => worker.unload(handle)));
    throw error;
  }
}
