/**
 * A process with one model, seen from the serving process. It lives once: whoever wants the model after its end starts another.
 *
 * It ends itself when a run exceeds its limit: from here a long run cannot be told from a large answer on its way. One that is silent for much
 * longer does not watch over itself, such as one that was stopped by a signal, and is ended from here.
 */
import type { Tensor } from "@modelyard/codec";
import { type Clock, failure, type PlatformError, type Timer } from "@modelyard/core";
import { type ChildEnd, type ChildLauncher, type ChildProgram, keepAlive } from "../children/child-launcher.ts";
import { hangSignal } from "../children/end-with-parent.ts";
import type { CrashReport, InferRequest, SharedRun } from "../contract.ts";
import type { SessionPlan } from "../onnx/model-session.ts";
import { packTensor, unpackTensor } from "../workers/packed-tensor.ts";
import { PendingReplies } from "../workers/pending-replies.ts";
import type { CommandBody, DoneWork, WorkerCommand, WorkerReply } from "../workers/worker-protocol.ts";

/** How a process ended that was not told to. `kind` is absent when it had nothing to do or did not start: that blames nobody. */
export interface ModelProcessEnd {
  readonly kind: CrashReport["kind"] | undefined;
  readonly phase: CrashReport["phase"];
  /** For the log. */
  readonly how: string;
  readonly stderr: string;
}

/** What {@link ModelProcess} works with. */
export interface ModelProcessDeps {
  readonly launcher: ChildLauncher;
  readonly clock: Clock;
  readonly plan: SessionPlan;
  /** Called once, unless it was told to end; before what was under way there is rejected. */
  readonly onEnd: (end: ModelProcessEnd) => void;
}

const handle = 0;
/** For the answer of a run that took as long as it may to come through, or for the process to end itself. */
const graceMs = 30_000;

/** See the module. */
export class ModelProcess {
  readonly #deps: ModelProcessDeps;
  readonly #child: ChildProgram;
  readonly #replies = new PendingReplies();
  #phase: CrashReport["phase"] = "load";
  /** Runs while it owes an answer, anew with each that comes. */
  #silence: Timer | undefined;
  /** Why it ended, once it has or is about to. */
  #over: PlatformError | undefined;

  /** Starts it. */
  constructor(deps: ModelProcessDeps) {
    this.#deps = deps;
    this.#child = deps.launcher.start();
    this.#child.process.on("message", (reply: WorkerReply) => this.#onReply(reply));
    void this.#child.ended.then((end) => this.#onGone(end));
  }

  get pid(): number | undefined {
    return this.#child.process.pid;
  }

  /** Loads the model; rejects with ONNX Runtime's text, or with `MODEL_LOAD_FAILED` when the process ended of it. */
  async load(): Promise<void> {
    const { clock, plan } = this.#deps;
    // Not left to its own watch: it may not even come so far.
    const timer = clock.setTimer(plan.loadLimitMs, () => this.#endAs("hang", "did not load in time"));
    try {
      await this.#ask({ kind: "load", handle, plan });
    } finally {
      timer.cancel();
    }
    this.#phase = "run";
  }

  /** Rejects with the error of the run, with `RUN_TIMED_OUT`, or with `RUN_CRASHED`. `onShared`: as that of a run worker. */
  async run({ inputs, outputNames }: InferRequest, onShared?: (shared: SharedRun) => void): Promise<readonly Tensor[]> {
    const { outputs, shared } = await this.#ask({ kind: "run", handle, inputs: inputs.map(packTensor), outputNames });
    if (shared) onShared?.(shared);
    return outputs.map(unpackTensor);
  }

  /** Kills it and waits for its end; idempotent. What is under way there is rejected with `CANCELLED`. */
  async close(): Promise<void> {
    this.#end(failure("CANCELLED", { what: "Running the model" }));
    await this.#child.ended;
  }

  #ask(body: CommandBody): Promise<DoneWork> {
    if (this.#over) return Promise.reject(this.#over);
    if (this.#replies.size === 0) {
      keepAlive(this.#child.process, true);
      this.#awaitReply();
    }
    return this.#replies.ask((id) => {
      const command: WorkerCommand = { ...body, id };
      // Where it cannot be told, it is gone, and its end says more.
      this.#child.process.send(command, () => {});
    });
  }

  #onReply(reply: WorkerReply): void {
    this.#replies.settle(reply);
    if (this.#over) return;
    this.#silence?.cancel();
    if (this.#replies.size > 0) this.#awaitReply();
    else keepAlive(this.#child.process, false);
  }

  #awaitReply(): void {
    const { clock, plan } = this.#deps;
    const limitMs = graceMs + (this.#phase === "run" ? plan.runLimitMs : plan.loadLimitMs);
    this.#silence = clock.setTimer(limitMs, () => this.#endAs(undefined, `it was silent for ${limitMs} ms`));
  }

  #onGone({ how, signal }: ChildEnd): void {
    const isBlamed = this.pid !== undefined && this.#replies.size > 0;
    if (isBlamed) this.#endAs(signal === hangSignal ? "hang" : "crash", how);
    else this.#endAs(undefined, how);
  }

  #endAs(kind: ModelProcessEnd["kind"], how: string): void {
    if (this.#over) return;
    this.#deps.onEnd({ kind, phase: this.#phase, how, stderr: this.#child.stderr() });
    this.#end(this.#failureOf(kind, how));
  }

  #failureOf(kind: ModelProcessEnd["kind"], how: string): PlatformError {
    if (!kind) return failure("UNAVAILABLE", { what: "The process of the model", why: how });
    const { runLimitMs, loadLimitMs } = this.#deps.plan;
    const isHang = kind === "hang";
    if (this.#phase === "run") return isHang ? failure("RUN_TIMED_OUT", { limitMs: runLimitMs }) : failure("RUN_CRASHED", { how });
    const why = isHang
      ? `loading it did not end within ${loadLimitMs} ms and was stopped`
      : `the runtime crashed while loading it (${how})`;
    return failure("MODEL_LOAD_FAILED", { why });
  }

  #end(error: PlatformError): void {
    if (this.#over) return;
    this.#over = error;
    this.#silence?.cancel();
    this.#child.process.kill("SIGKILL");
    // Its end is waited for, and near.
    this.#child.process.ref();
    this.#replies.failAll(error);
  }
}
