/**
 * One prepare child seen from the serving process: started when needed, given one job at a time, killed when a stage of the job exceeds its time,
 * ended when it has nothing to do for a while. A child that died is replaced by the next job's.
 */
import { assertNever, type Clock, failure, type Log, type PlatformError, type Timer } from "@modelyard/core";
import { ChildLauncher, type ChildProgram, keepAlive } from "../children/child-launcher.ts";
import type { PrepareCommand, PrepareJob, PrepareReply, PrepareStage } from "./prepare-protocol.ts";

/** Limits of a child. */
export interface PrepareLimits {
  /** Private memory of the child, about 1 GiB of Node's own included. */
  readonly memoryBytes: number;
  /** Time to start, and for each step but the first run. */
  readonly loadLimitMs: number;
  /** Time of one run. */
  readonly runLimitMs: number;
  /** Idle time after which it ends. */
  readonly idleMs: number;
}

/** What a child is made from. */
export interface PrepareProcessDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: PrepareLimits;
}

interface RunningJob {
  readonly runLimitMs: number;
  readonly settle: (error: PlatformError | undefined) => void;
  stage: PrepareStage | "start";
  timer: Timer | undefined;
}

/** See the module. */
export class PrepareProcess {
  readonly #deps: PrepareProcessDeps;
  readonly #launcher: ChildLauncher;
  #child: ChildProgram | undefined;
  #job: RunningJob | undefined;
  #idleTimer: Timer | undefined;
  /** One per child that was started and has not ended yet, killed ones included. */
  readonly #endings = new Set<Promise<void>>();

  constructor(deps: PrepareProcessDeps) {
    const { log, limits } = deps;
    this.#deps = deps;
    this.#launcher = new ChildLauncher({ entry: "#prepare-child", memoryBytes: limits.memoryBytes, serialization: "json", log });
  }

  /** Process id of the child, while there is one. */
  get pid(): number | undefined {
    return this.#child?.process.pid;
  }

  /** Runs one job; rejects with `MODEL_LOAD_FAILED`, or with the signal's reason after the child was killed. */
  run(job: PrepareJob, options: { readonly runLimitMs?: number; readonly signal: AbortSignal }): Promise<void> {
    const { runLimitMs = this.#deps.limits.runLimitMs, signal } = options;
    signal.throwIfAborted();
    this.#idleTimer?.cancel();
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#kill();
        settle(signal.reason as PlatformError);
      };
      const settle = (error: PlatformError | undefined): void => {
        signal.removeEventListener("abort", onAbort);
        this.#finish();
        if (error) reject(error);
        else resolve();
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#job = { runLimitMs, settle, stage: "start", timer: undefined };
      this.#begin(job);
    });
  }

  /** Kills the child and waits for its end; idempotent. The job under way, if any, fails. */
  async close(): Promise<void> {
    this.#kill();
    this.#job?.settle(failure("CANCELLED", { what: "Preparing the model" }));
    this.#idleTimer?.cancel();
    await Promise.all(this.#endings);
  }

  #begin(job: PrepareJob): void {
    const command: PrepareCommand = { kind: "prepare", job };
    this.#enter("start");
    this.#child ??= this.#start();
    keepAlive(this.#child.process, true);
    this.#child.process.send(command, (error) => {
      // A child that died before it could be told: its exit tells more, unless it never started.
      if (error) this.#deps.log.debug("prepare child could not be told", { error: error.message });
    });
  }

  #start(): ChildProgram {
    const child = this.#launcher.start();
    const ending = child.ended.then(({ how }) => {
      this.#endings.delete(ending);
      this.#onGone(child, how);
    });
    this.#endings.add(ending);
    child.process.on("message", (reply: PrepareReply) => this.#onReply(reply));
    return child;
  }

  #onReply(reply: PrepareReply): void {
    switch (reply.kind) {
      case "ready":
        return;
      case "stage":
        this.#enter(reply.stage);
        return;
      case "prepared":
        this.#job?.settle(undefined);
        return;
      case "refused":
        this.#job?.settle(failure("MODEL_LOAD_FAILED", { why: reply.why }));
        return;
      case "failed":
        this.#deps.log.error("preparing a model failed", new Error(reply.message));
        this.#job?.settle(failure("MODEL_LOAD_FAILED", { why: "preparing it failed for a reason that is in the log" }));
        return;
      default:
        assertNever(reply);
    }
  }

  /** Starts the time of a stage anew. */
  #enter(stage: RunningJob["stage"]): void {
    const job = this.#job;
    if (!job) return;
    job.stage = stage;
    job.timer?.cancel();
    job.timer = this.#deps.clock.setTimer(this.#limitOf(job), () => this.#onTimeout(job));
  }

  #limitOf(job: RunningJob): number {
    return job.stage === "run" || job.stage === "measure" ? job.runLimitMs : this.#deps.limits.loadLimitMs;
  }

  #onTimeout(job: RunningJob): void {
    this.#kill();
    job.settle(
      failure("MODEL_LOAD_FAILED", { why: `${describeStage(job.stage)} did not end within ${this.#limitOf(job)} ms and was stopped` }),
    );
  }

  #onGone(child: ChildProgram, how: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    const job = this.#job;
    const stderr = child.stderr();
    this.#deps.log.warn("prepare child is gone", { how, stage: job?.stage, stderr });
    job?.settle(failure("MODEL_LOAD_FAILED", { why: whyGone({ stage: job.stage, how, stderr }) }));
  }

  #kill(): void {
    const child = this.#child?.process;
    this.#child = undefined;
    if (!child) return;
    child.kill("SIGKILL");
    // Its end is waited for, and near.
    child.ref();
  }

  #finish(): void {
    this.#job?.timer?.cancel();
    this.#job = undefined;
    if (this.#child) keepAlive(this.#child.process, false);
    this.#idleTimer = this.#deps.clock.setTimer(this.#deps.limits.idleMs, () => this.#kill(), { background: true });
  }
}

function describeStage(stage: RunningJob["stage"]): string {
  switch (stage) {
    case "start":
      return "starting the process that prepares it";
    case "check":
      return "checking its graph";
    case "optimize":
      return "optimising it";
    case "load":
      return "loading it";
    case "run":
    case "measure":
      return "a run with generated inputs";
    case "write":
      return "writing its prepared copy";
    default:
      return assertNever(stage);
  }
}

function whyGone(gone: { readonly stage: RunningJob["stage"]; readonly how: string; readonly stderr: string }): string {
  const doing = describeStage(gone.stage);
  if (/out of memory|bad_alloc/i.test(gone.stderr)) return `${doing} asks for more memory than it may have`;
  return `the runtime crashed while ${doing} (${gone.how})`;
}
