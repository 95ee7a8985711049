/**
 * A model that runs in a process of its own. A process that ended is replaced by the next run's, from a plan that is made anew: the prepared copy
 * may have gone by then. Whoever is told of a crash says whether there is a next one.
 */
import type { Tensor } from "@modelyard/codec";
import { failure, failureFromPublic, type PlatformError } from "@modelyard/core";
import type { CrashReport, CrashVerdict, InferRequest, SharedRun } from "../contract.ts";
import { crashReport } from "../journal/crash-report.ts";
import type { SessionPlan } from "../onnx/model-session.ts";
import { RunQuota } from "../workers/run-quota.ts";
import type { IsolationDeps } from "./isolated-models.ts";
import { ModelProcess, type ModelProcessEnd } from "./model-process.ts";

/** What is isolated. */
export interface IsolatedModelOptions {
  readonly modelId: string;
  /** What the first process opens. */
  readonly plan: SessionPlan;
  /** What a later one opens. */
  readonly replan: () => Promise<SessionPlan>;
  readonly onCrash: ((report: CrashReport) => CrashVerdict) | undefined;
  /** Called once, when it is closed. */
  readonly onClosed: () => void;
}

/** See the module. */
export class IsolatedModel {
  readonly #deps: IsolationDeps;
  readonly #options: IsolatedModelOptions;
  readonly #quota: RunQuota;
  #firstPlan: SessionPlan | undefined;
  #process: ModelProcess | undefined;
  /** The same, once it has loaded the model. */
  #loaded: ModelProcess | undefined;
  #starting: Promise<ModelProcess> | undefined;
  /** Why nothing is run any more. */
  #refusal: PlatformError | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: IsolatedModelOptions, deps: IsolationDeps) {
    this.#options = options;
    this.#firstPlan = options.plan;
    this.#deps = deps;
    this.#quota = new RunQuota(deps.maxQueued);
  }

  /** Id of its process, while there is one. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** The process with the model loaded; started where there is none. Rejects as a load does. */
  ready(): Promise<ModelProcess> {
    if (this.#refusal) return Promise.reject(this.#refusal);
    if (this.#starting) return this.#starting;
    const starting = this.#start();
    this.#starting = starting;
    starting.catch(() => {
      if (this.#starting === starting) this.#starting = undefined;
    });
    return starting;
  }

  /** Rejects as a run does, with `RUN_TIMED_OUT` or `RUN_CRASHED` when its process ended of it, or with the failure of starting one. */
  run(request: InferRequest, onShared?: (shared: SharedRun) => void): Promise<readonly Tensor[]> {
    return this.#quota.use(async () => (this.#loaded ?? (await this.ready())).run(request, onShared));
  }

  /** Ends its process; idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#refusal = failure("CANCELLED", { what: "Running the model" });
    this.#loaded = undefined;
    await this.#process?.close();
    this.#options.onClosed();
  }

  async #start(): Promise<ModelProcess> {
    const { launcher, clock } = this.#deps;
    const plan = this.#firstPlan ?? (await this.#options.replan());
    this.#firstPlan = undefined;
    if (this.#refusal) throw this.#refusal;
    const started = new ModelProcess({ launcher, clock, plan, onEnd: (end) => this.#onEnd(end) });
    this.#process = started;
    try {
      await started.load();
      this.#loaded = started;
      return started;
    } catch (error) {
      if (this.#process === started) this.#process = undefined;
      await started.close();
      throw error;
    }
  }

  #onEnd({ kind, phase, how, stderr }: ModelProcessEnd): void {
    const { log, clock } = this.#deps;
    const { modelId, onCrash } = this.#options;
    this.#process = undefined;
    this.#loaded = undefined;
    this.#starting = undefined;
    log.warn("the process of a model ended", { modelId, kind, phase, how, stderr });
    if (!kind) return;
    const report = crashReport({ record: { modelId, phase }, kind, atMs: clock.nowMs() });
    if (onCrash?.(report) === "refuse") this.#refusal = failureFromPublic(report.error);
  }
}
