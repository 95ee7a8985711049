/**
 * One prepare child seen from the serving process: started when needed, given one job at a time, killed when a stage of the job exceeds its time,
 * ended when it has nothing to do for a while. A child that died is replaced by the next job's.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { assertNever, type Clock, failure, type Log, type PlatformError, type Timer } from "@modelyard/core";
import { canLimitMemory, type Launch, launchWithin } from "./memory-limit.ts";
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

interface LiveChild {
  readonly process: ChildProcess;
  /** The end of what it wrote to stderr. */
  stderr: string;
}

const maxStderrLength = 2000;
const entry = "#prepare-child";

/** See the module. */
export class PrepareProcess {
  readonly #deps: PrepareProcessDeps;
  #child: LiveChild | undefined;
  #job: RunningJob | undefined;
  #idleTimer: Timer | undefined;
  #isLimited: boolean | undefined;
  /** One per child that was started and has not ended yet, killed ones included. */
  readonly #endings = new Set<Promise<void>>();

  constructor(deps: PrepareProcessDeps) {
    this.#deps = deps;
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

  #start(): LiveChild {
    const { log, limits } = this.#deps;
    const program = fileURLToPath(import.meta.resolve(entry));
    const plain: Launch = { command: process.execPath, arguments: [...conditionArguments(process.execArgv), program] };
    this.#isLimited ??= canLimitMemory(limits.memoryBytes);
    if (!this.#isLimited) log.warn("prepare runs without a memory limit: the shell cannot set one", { limitBytes: limits.memoryBytes });
    const launch = this.#isLimited ? launchWithin(limits.memoryBytes, plain) : plain;
    // An empty environment: nothing of ours is for a model to see.
    const child = spawn(launch.command, launch.arguments, { stdio: ["ignore", "ignore", "pipe", "ipc"], env: {}, serialization: "json" });
    const live: LiveChild = { process: child, stderr: "" };
    this.#awaitEnd(child);
    child.on("message", (reply: PrepareReply) => this.#onReply(reply));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      live.stderr = (live.stderr + text).slice(-maxStderrLength);
    });
    child.on("error", (error) => this.#onGone(live, error.message));
    child.on("exit", (status, signal) => this.#onGone(live, signal ? `ended by ${signal}` : `exited with status ${status}`));
    return live;
  }

  #awaitEnd(child: ChildProcess): void {
    const ending = new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", () => resolve());
    });
    this.#endings.add(ending);
    void ending.then(() => this.#endings.delete(ending));
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

  #onGone(live: LiveChild, how: string): void {
    if (this.#child !== live) return;
    this.#child = undefined;
    const job = this.#job;
    this.#deps.log.warn("prepare child is gone", { how, stage: job?.stage, stderr: live.stderr });
    job?.settle(failure("MODEL_LOAD_FAILED", { why: whyGone({ stage: job.stage, how, stderr: live.stderr }) }));
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

/** Only a child with a job keeps this process alive. */
function keepAlive(child: ChildProcess, isBusy: boolean): void {
  if (isBusy) {
    child.ref();
    child.channel?.ref();
  } else {
    child.unref();
    child.channel?.unref();
  }
}

/** The arguments that choose between sources and build, in either of their forms (`--conditions=x`, `-C x`): the child must make the same choice. */
function conditionArguments(execArgv: readonly string[]): readonly string[] {
  const isCondition = (argument: string | undefined): boolean => argument === "-C" || argument === "--conditions";
  return execArgv.filter(
    (argument, index) => argument.startsWith("--conditions=") || isCondition(argument) || isCondition(execArgv[index - 1]),
  );
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
