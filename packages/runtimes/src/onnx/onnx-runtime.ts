/**
 * ONNX Runtime in this process, as a {@link ModelRuntime}.
 *
 * A load finds the prepared copy of the artifact or has it made (in a child process: everything that may crash or hang on a bad file happens there
 * first), and opens the copy: on the I/O thread when its runs and its load are short, else in one worker it stays with. The copy is whole in
 * itself, so the artifact is opened only while it is prepared.
 */
import { assert, failure, type Histogram, PlatformError } from "@modelyard/core";
import { planBatching } from "../batching/plan-batching.ts";
import type { LoadedModel, LoadOptions, LoadRequest, ModelRuntime, RuntimeStatus } from "../contract.ts";
import { checkJournalled, noThreadJournal } from "../journal/thread-journal.ts";
import { cpuKind } from "../prepare/cpu-kind.ts";
import { ModelPreparer } from "../prepare/model-preparer.ts";
import { PreparePool } from "../prepare/prepare-pool.ts";
import { type PreparedCopy, PreparedFolder } from "../prepare/prepared-folder.ts";
import type { PreparedInfo } from "../prepare/prepared-info.ts";
import { estimateSizeBytes, measuredAboveBytes } from "../size/estimate-size.ts";
import { LoadTurn } from "../size/load-turn.ts";
import type { RunWorkerHandle } from "../workers/run-worker-handle.ts";
import { WorkerPool } from "../workers/worker-pool.ts";
import { parseRunLimitMs } from "./load-parameters.ts";
import { openModelSession, type SessionPlan } from "./model-session.ts";
import { type OnnxModelPlace, onnxModel, type WorkerCopy } from "./onnx-model.ts";
import { type OrtEngine, openOrtEngine } from "./ort-engine.ts";
import { isOutOfMemory, ortReason } from "./ort-reason.ts";
import { type OnnxRuntimeOptions, type ResolvedOnnxRuntimeOptions, resolveOnnxRuntimeOptions } from "./runtime-options.ts";

const platform = "onnx_onnxruntime";
const defaultSizeBytes = 1024 * 1024;
// A load on the I/O thread holds up every request: "no pause > 5 ms".
const inlineLoadBelowMicros = 5000;
// Runs that are put together hold up what comes after them: on the I/O thread other models and the sockets, in a worker other models.
const longestInlineMicros = 500;
const longestInWorkerMicros = 20_000;
// Up to here the memory of a copy in each worker is little beside what a worker itself takes.
const largestCopiedBytes = 8 * 2 ** 20;
const loadBoundsMs = [0.5, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000];

/** Opens the in-process runtime. */
export function onnxRuntime(options: OnnxRuntimeOptions): ModelRuntime {
  return new OnnxModelRuntime(resolveOnnxRuntimeOptions(options));
}

interface LoadContext {
  readonly request: LoadRequest;
  readonly runLimitMs: number;
  readonly signal: AbortSignal;
  readonly onStage: NonNullable<LoadOptions["onStage"]>;
}

class OnnxModelRuntime implements ModelRuntime {
  readonly name = "onnxruntime";
  readonly #options: ResolvedOnnxRuntimeOptions;
  readonly #engine: OrtEngine;
  readonly #pool: PreparePool;
  readonly #preparer: ModelPreparer;
  readonly #workers: WorkerPool;
  readonly #measuredLoads = new LoadTurn();
  readonly #loaded = new Set<LoadedModel>();
  readonly #closing = new AbortController();
  readonly #loadMs: Histogram;

  constructor(options: ResolvedOnnxRuntimeOptions) {
    const { artifacts, preparedDir, clock, log, metrics, limits, journal } = options;
    assert(!journal || journal.threads > limits.maxWorkers, "the journal has a thread for each worker and one for the I/O thread");
    this.#options = options;
    this.#engine = openOrtEngine();
    const prepareLimits = {
      memoryBytes: limits.prepareMemoryBytes,
      loadLimitMs: limits.loadLimitMs,
      runLimitMs: limits.runLimitMs,
      idleMs: limits.prepareIdleMs,
    };
    const { maxPrepareProcesses: maxProcesses, maxWaitingPrepares: maxWaiting } = limits;
    this.#pool = new PreparePool({ clock, log, limits: prepareLimits, maxProcesses, maxWaiting });
    const folder = new PreparedFolder({ dir: preparedDir, clock, log, maxBytes: limits.maxPreparedBytes });
    const kind = { cpuKind: cpuKind(), runtimeVersion: this.#engine.version };
    this.#preparer = new ModelPreparer({ artifacts, folder, pool: this.#pool, metrics, ...kind });
    this.#workers = new WorkerPool({ log, journal, maxWorkers: limits.maxWorkers, maxQueuedPerWorker: limits.maxQueuedRunsPerWorker });
    this.#loadMs = metrics.histogram("modelyard_runtime_load_milliseconds", loadBoundsMs);
  }

  status(): RuntimeStatus {
    const { capacityBytes, limits } = this.#options;
    return {
      state: this.#closing.signal.aborted ? "failing" : "ready",
      capacityBytes,
      maxLoadingConcurrency: limits.maxLoads,
      loadTimeoutMs: limits.loadLimitMs,
      defaultSizeBytes,
      version: this.#engine.version,
    };
  }

  async predictSizeBytes(request: LoadRequest): Promise<number> {
    const info = this.#preparer.peek(request.artifactDigest);
    if (info) {
      const fileBytes = info.files.reduce((sum, file) => sum + file.sizeBytes, 0);
      return this.#copiesOf(info, fileBytes) * chargedBytes(fileBytes, { memoryBytes: info.memoryBytes, nodes: info.nodes });
    }
    const open = await this.#options.artifacts.open(request.artifactDigest);
    await open.close();
    return estimateSizeBytes({ fileBytes: open.artifact.totalBytes });
  }

  async load(request: LoadRequest, options: LoadOptions = {}): Promise<LoadedModel> {
    const { clock, limits } = this.#options;
    const signal = options.signal ? AbortSignal.any([options.signal, this.#closing.signal]) : this.#closing.signal;
    signal.throwIfAborted();
    checkJournalled(request.modelId);
    checkModelType(request.modelType);
    const onStage = options.onStage ?? ((): void => {});
    const context = { request, signal, onStage, runLimitMs: parseRunLimitMs(request.parameters, limits.runLimitMs) };
    const startMs = clock.monotonicMs();
    onStage("verify");
    const model = await this.#loadPrepared(context);
    this.#loadMs.observe(clock.monotonicMs() - startMs);
    return model;
  }

  async close(): Promise<void> {
    this.#closing.abort(failure("CANCELLED", { what: "Loading the model" }));
    await Promise.all([...this.#loaded].map((model) => model.unload()));
    await Promise.all([this.#pool.close(), this.#workers.close()]);
  }

  async #loadPrepared(context: LoadContext): Promise<LoadedModel> {
    const copy = await this.#obtain(context);
    try {
      return await this.#loadCopy(context, copy);
    } catch (error) {
      if (PlatformError.is(error) || context.signal.aborted) throw error;
      if (isOutOfMemory(error)) throw loadFailure(error);
      // Its checksum held and yet it does not open: written by something else, or removed in this moment. Once more from the source.
      this.#options.log.error("a prepared copy could not be loaded and is made again", error, { path: copy.path });
      await this.#preparer.discard(context.request.artifactDigest);
      return await this.#loadAgain(context);
    }
  }

  async #loadAgain(context: LoadContext): Promise<LoadedModel> {
    const copy = await this.#obtain(context);
    try {
      return await this.#loadCopy(context, copy);
    } catch (error) {
      throw PlatformError.is(error) || context.signal.aborted ? error : loadFailure(error);
    }
  }

  #obtain({ request, runLimitMs, signal, onStage }: LoadContext): Promise<PreparedCopy> {
    return this.#preparer.obtain(request.artifactDigest, { signal, runLimitMs, onPrepare: () => onStage("prepare") });
  }

  async #loadCopy(context: LoadContext, copy: PreparedCopy): Promise<LoadedModel> {
    const { request, signal, onStage } = context;
    onStage("load");
    const { info, sizeBytes: fileBytes } = copy;
    const copies = this.#copiesOf(info, fileBytes);
    const workers = this.#isShort(info) ? [] : this.#workers.choose(copies);
    const open = (): Promise<OnnxModelPlace> => this.#open(context, copy, workers);
    const isMeasured = fileBytes > measuredAboveBytes;
    if (isMeasured) await Promise.all(workers.map((worker) => worker.ready()));
    const opened = isMeasured ? await this.#measuredLoads.run(() => measured(open), signal) : { place: await open(), grownBytes: 0 };
    const facts = {
      modelId: request.modelId,
      signature: { platform, inputs: info.inputs.map(publicTensor), outputs: info.outputs.map(publicTensor) },
      sizeBytes: copies * chargedBytes(fileBytes, { memoryBytes: Math.max(opened.grownBytes, info.memoryBytes), nodes: info.nodes }),
      sizeSource: isMeasured ? ("measured" as const) : ("estimated" as const),
      runMicros: info.runMicros ?? 0,
    };
    const model = onnxModel(facts, opened.place, () => this.#loaded.delete(model));
    this.#loaded.add(model);
    if (signal.aborted) await this.#undo(model, signal);
    return model;
  }

  /** A load whose caller has given up by now leaves nothing behind. */
  async #undo(model: LoadedModel, signal: AbortSignal): Promise<never> {
    await model.unload();
    throw signal.reason;
  }

  /** How many workers a model is opened in: all of them while it is small, so that it can use every core; a large one, and one that runs inline, once. */
  #copiesOf(info: PreparedInfo, fileBytes: number): number {
    return this.#isShort(info) || fileBytes > largestCopiedBytes ? 1 : this.#options.limits.maxWorkers;
  }

  /** Whether neither its runs nor its load hold up the I/O thread. */
  #isShort({ runMicros, loadMicros }: PreparedInfo): boolean {
    return runMicros !== undefined && runMicros < this.#options.limits.inlineBelowMicros && loadMicros < inlineLoadBelowMicros;
  }

  async #open({ request, runLimitMs }: LoadContext, copy: PreparedCopy, workers: readonly RunWorkerHandle[]): Promise<OnnxModelPlace> {
    const { limits, journal, clock } = this.#options;
    const { info, path } = copy;
    const { threads, inputs, outputs } = info;
    const { modelId, parameters } = request;
    const batching = planBatching({ info, parameters, longestMicros: workers.length > 0 ? longestInWorkerMicros : longestInlineMicros });
    const bound = { inputs, outputs, runLimitMs, loadLimitMs: limits.loadLimitMs };
    const plan: SessionPlan = { modelId, path, threads, ...bound, ...(batching && { batching }) };
    if (workers.length > 0) return { placement: "worker", copies: await openCopies(workers, plan), batching };
    const thread = { engine: this.#engine, journal: journal?.main ?? noThreadJournal, clock };
    return { placement: "inline", session: await openModelSession(plan, thread), batching };
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

function checkModelType(modelType: string): void {
  if (modelType.toLowerCase() === "onnx") return;
  throw failure("MODEL_LOAD_FAILED", { why: `its format is "${modelType.slice(0, 80)}" and this runtime takes "onnx"` });
}

function loadFailure(error: unknown): PlatformError {
  return failure("MODEL_LOAD_FAILED", { why: ortReason(error) }, { cause: error });
}

interface Opened {
  readonly place: OnnxModelPlace;
  readonly grownBytes: number;
}

async function measured(open: () => Promise<OnnxModelPlace>): Promise<Opened> {
  const beforeBytes = process.memoryUsage.rss();
  const place = await open();
  return { place, grownBytes: process.memoryUsage.rss() - beforeBytes };
}

/**
 * Bytes a model is charged for. Memory that another model gave back is used again without the process growing, so a measurement counts only
 * where it is more than the file itself.
 */
function chargedBytes(fileBytes: number, facts: { readonly memoryBytes: number; readonly nodes: number }): number {
  if (fileBytes > measuredAboveBytes) return Math.max(facts.memoryBytes, fileBytes);
  return estimateSizeBytes({ fileBytes, nodes: facts.nodes });
}

function publicTensor({ name, datatype, shape }: PreparedCopy["info"]["inputs"][number]): LoadedModel["signature"]["inputs"][number] {
  return { name, datatype, shape };
}
