/**
 * ONNX Runtime in this process, as a {@link ModelRuntime}.
 *
 * A load finds the prepared copy of the artifact or has it made (in a child process: everything that may crash or hang on a bad file happens there
 * first), and opens the copy: on the I/O thread when its runs and its load are short, else in workers it stays with, or in a process of its own. The
 * copy is whole in itself, so the artifact is opened only while it is prepared.
 */
import { assert, failure, type Histogram, PlatformError } from "@modelyard/core";
import type { LoadedModel, LoadOptions, LoadRequest, ModelRuntime, RuntimeStatus } from "../contract.ts";
import { checkJournalled } from "../journal/thread-journal.ts";
import { cpuKind } from "../prepare/cpu-kind.ts";
import { ModelPreparer } from "../prepare/model-preparer.ts";
import { PreparePool } from "../prepare/prepare-pool.ts";
import { type PreparedCopy, PreparedFolder } from "../prepare/prepared-folder.ts";
import { estimateSizeBytes, measuredAboveBytes } from "../size/estimate-size.ts";
import { LoadTurn } from "../size/load-turn.ts";
import { parseIsIsolated, parseRunLimitMs } from "./load-parameters.ts";
import { ModelPlaces, type PlacedLoad } from "./model-places.ts";
import { type OnnxModelPlace, onnxModel } from "./onnx-model.ts";
import { openOrtEngine } from "./ort-engine.ts";
import { isOutOfMemory, ortReason } from "./ort-reason.ts";
import { planPlacement, processBytes } from "./plan-placement.ts";
import { type OnnxRuntimeOptions, type ResolvedOnnxRuntimeOptions, resolveOnnxRuntimeOptions } from "./runtime-options.ts";

const platform = "onnx_onnxruntime";
const defaultSizeBytes = 1024 * 1024;
const loadBoundsMs = [0.5, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000];

/** Opens the in-process runtime. */
export function onnxRuntime(options: OnnxRuntimeOptions): ModelRuntime {
  return new OnnxModelRuntime(resolveOnnxRuntimeOptions(options));
}

interface LoadContext {
  readonly request: LoadRequest;
  readonly runLimitMs: number;
  readonly isIsolated: boolean;
  readonly signal: AbortSignal;
  readonly onStage: NonNullable<LoadOptions["onStage"]>;
  readonly onCrash: LoadOptions["onCrash"];
}

class OnnxModelRuntime implements ModelRuntime {
  readonly name = "onnxruntime";
  readonly #options: ResolvedOnnxRuntimeOptions;
  readonly #version: string;
  readonly #pool: PreparePool;
  readonly #preparer: ModelPreparer;
  readonly #places: ModelPlaces;
  readonly #measuredLoads = new LoadTurn();
  readonly #loaded = new Set<LoadedModel>();
  readonly #closing = new AbortController();
  readonly #loadMs: Histogram;

  constructor(options: ResolvedOnnxRuntimeOptions) {
    const { artifacts, preparedDir, clock, log, metrics, limits, journal } = options;
    assert(!journal || journal.threads > limits.maxWorkers, "the journal has a thread for each worker and one for the I/O thread");
    this.#options = options;
    const engine = openOrtEngine();
    this.#version = engine.version;
    const prepareLimits = {
      memoryBytes: limits.prepareMemoryBytes,
      loadLimitMs: limits.loadLimitMs,
      runLimitMs: limits.runLimitMs,
      idleMs: limits.prepareIdleMs,
    };
    const { maxPrepareProcesses: maxProcesses, maxWaitingPrepares: maxWaiting } = limits;
    this.#pool = new PreparePool({ clock, log, limits: prepareLimits, maxProcesses, maxWaiting });
    const folder = new PreparedFolder({ dir: preparedDir, clock, log, maxBytes: limits.maxPreparedBytes });
    const kind = { cpuKind: cpuKind(), runtimeVersion: engine.version };
    this.#preparer = new ModelPreparer({ artifacts, folder, pool: this.#pool, metrics, ...kind });
    this.#places = new ModelPlaces(options, engine);
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
      version: this.#version,
    };
  }

  async predictSizeBytes(request: LoadRequest): Promise<number> {
    const info = this.#preparer.peek(request.artifactDigest);
    if (info) {
      const fileBytes = info.files.reduce((sum, file) => sum + file.sizeBytes, 0);
      const { copies, placeBytes } = planPlacement({ info, fileBytes, isIsolated: isIsolated(request), limits: this.#options.limits });
      return placeBytes + copies * chargedBytes(fileBytes, { memoryBytes: info.memoryBytes, nodes: info.nodes });
    }
    const open = await this.#options.artifacts.open(request.artifactDigest);
    await open.close();
    return (isIsolated(request) ? processBytes : 0) + estimateSizeBytes({ fileBytes: open.artifact.totalBytes });
  }

  async load(request: LoadRequest, options: LoadOptions = {}): Promise<LoadedModel> {
    const { clock, limits } = this.#options;
    const signal = options.signal ? AbortSignal.any([options.signal, this.#closing.signal]) : this.#closing.signal;
    signal.throwIfAborted();
    checkJournalled(request.modelId);
    checkModelType(request.modelType);
    const onStage = options.onStage ?? ((): void => {});
    const asked = { runLimitMs: parseRunLimitMs(request.parameters, limits.runLimitMs), isIsolated: isIsolated(request) };
    const context = { request, signal, onStage, onCrash: options.onCrash, ...asked };
    const startMs = clock.monotonicMs();
    onStage("verify");
    const model = await this.#loadPrepared(context);
    this.#loadMs.observe(clock.monotonicMs() - startMs);
    return model;
  }

  async close(): Promise<void> {
    this.#closing.abort(failure("CANCELLED", { what: "Loading the model" }));
    await Promise.all([...this.#loaded].map((model) => model.unload()));
    await Promise.all([this.#pool.close(), this.#places.close()]);
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
    const { placement, copies, placeBytes } = planPlacement({
      info,
      fileBytes,
      isIsolated: context.isIsolated,
      limits: this.#options.limits,
    });
    const place = this.#places.choose({ placement, copies });
    const open = (): Promise<OnnxModelPlace> => this.#places.open(this.#placed(context), copy, place);
    const isMeasured = fileBytes > measuredAboveBytes;
    if (isMeasured) await Promise.all(place.workers.map((worker) => worker.ready()));
    const opened = isMeasured ? await this.#measuredLoads.run(() => measured(open), signal) : { place: await open(), grownBytes: 0 };
    const facts = {
      modelId: request.modelId,
      signature: { platform, inputs: info.inputs.map(publicTensor), outputs: info.outputs.map(publicTensor) },
      sizeBytes:
        placeBytes + copies * chargedBytes(fileBytes, { memoryBytes: Math.max(opened.grownBytes, info.memoryBytes), nodes: info.nodes }),
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

  #placed(context: LoadContext): PlacedLoad {
    const { request, runLimitMs, onCrash } = context;
    const later = { ...context, signal: this.#closing.signal, onStage: (): void => {} };
    return { request, runLimitMs, onCrash, obtainAgain: () => this.#obtain(later) };
  }
}

/** Whether it cost a process already, or is asked to run in one of its own. */
function isIsolated({ isolation, parameters }: LoadRequest): boolean {
  return isolation === "process" || parseIsIsolated(parameters);
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
