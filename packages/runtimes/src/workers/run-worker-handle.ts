/**
 * A run worker seen from the I/O thread: commands out, answers in, at most `maxQueued` runs under way.
 * A worker that dies of a JavaScript error is replaced, and its models are loaded again, before its next command; native crashes end the process anyway.
 * One that has held no model for a while is ended, for its memory (about 30 MiB), and started again for the next.
 */
import { Worker } from "node:worker_threads";
import type { Tensor } from "@modelyard/codec";
import { type Clock, failure, type Log, type Timer } from "@modelyard/core";
import type { InferRequest, SharedRun } from "../contract.ts";
import type { ThreadJournalShare } from "../journal/thread-journal.ts";
import type { SessionPlan } from "../onnx/model-session.ts";
import { packTensor, transferList, unpackTensor } from "./packed-tensor.ts";
import { PendingReplies } from "./pending-replies.ts";
import { RunQuota } from "./run-quota.ts";
import type { CommandBody, DoneWork, RunWorkerData, WorkerCommand, WorkerReply } from "./worker-protocol.ts";

/** What a worker is made from. */
export interface RunWorkerDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: ThreadJournalShare | undefined;
  /** Most runs that are sent and not answered; more are refused with `LIMIT_EXCEEDED`. */
  readonly maxQueued: number;
  /** The thread ends when it has held no model for so long. */
  readonly idleMs: number;
}

/** See the module. */
export class RunWorkerHandle {
  readonly #deps: RunWorkerDeps;
  readonly #plans = new Map<number, SessionPlan>();
  readonly #replies = new PendingReplies();
  readonly #quota: RunQuota;
  #worker: Worker | undefined;
  /** The start of the thread and the loads of what it should hold; `undefined` = there is no thread. */
  #starting: Promise<void> | undefined;
  #isStarted = false;
  #idleTimer: Timer | undefined;
  /** The end of the thread before, which held no model. */
  #resting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #nextHandle = 1;

  constructor(deps: RunWorkerDeps) {
    this.#deps = deps;
    this.#quota = new RunQuota(deps.maxQueued);
  }

  /** Models it holds. */
  get load(): number {
    return this.#plans.size;
  }

  /** Starts the thread where there is none, so that what a load costs can be told from what the thread costs. */
  ready(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Loads a model; rejects with ONNX Runtime's text. Returns the handle to run and unload it by. */
  async open(plan: SessionPlan): Promise<number> {
    const handle = this.#nextHandle++;
    await this.ready();
    try {
      await this.#send({ kind: "load", handle, plan });
      this.#plans.set(handle, plan);
      return handle;
    } finally {
      this.#restLater();
    }
  }

  /** `onShared` is told, before the outputs, of a run that others had a part in. */
  run(handle: number, request: InferRequest, onShared?: (shared: SharedRun) => void): Promise<readonly Tensor[]> {
    return this.#quota.use(async () => {
      if (!this.#isStarted) await this.ready();
      const inputs = request.inputs.map(packTensor);
      const { outputs, shared } = await this.#send({ kind: "run", handle, inputs, outputNames: request.outputNames }, transferList(inputs));
      if (shared) onShared?.(shared);
      return outputs.map(unpackTensor);
    });
  }

  async unload(handle: number): Promise<void> {
    if (!this.#plans.delete(handle) || !this.#worker) return;
    await this.#send({ kind: "unload", handle });
    this.#restLater();
  }

  /**
   * Lets it finish what it runs and ends it; idempotent. What needs a thread that was not started by then is rejected with `CANCELLED`.
   * A thread is never terminated: in the middle of a run that would abort the process.
   */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  #restLater(): void {
    this.#idleTimer?.cancel();
    if (this.#plans.size > 0 || this.#closing) return;
    this.#idleTimer = this.#deps.clock.setTimer(this.#deps.idleMs, () => this.#rest(), { background: true });
  }

  #rest(): void {
    // What is under way, such as a load, asks again when it is over.
    if (!this.#worker || this.#plans.size > 0 || this.#replies.size > 0) return;
    this.#resting = endThread(this.#worker);
    this.#forgetThread();
  }

  async #end(): Promise<void> {
    this.#idleTimer?.cancel();
    this.#plans.clear();
    await this.#resting;
    if (this.#worker) await endThread(this.#worker);
  }

  #forgetThread(): void {
    this.#worker = undefined;
    this.#starting = undefined;
    this.#isStarted = false;
  }

  /** Starts the thread and gives it every model it should hold. */
  async #start(): Promise<void> {
    await this.#resting;
    // Nobody would end it.
    if (this.#closing) throw failure("CANCELLED", { what: "Starting the model's worker" });
    const data: RunWorkerData = { journal: this.#deps.journal };
    const worker = new Worker(new URL(import.meta.resolve("#run-worker")), { workerData: data });
    this.#worker = worker;
    worker.on("message", (reply: WorkerReply) => this.#onReply(reply));
    worker.on("error", (error) => this.#deps.log.error("a run worker failed", error));
    worker.on("exit", () => this.#onExit(worker));
    worker.unref();
    await this.#send({ kind: "start" });
    await Promise.all([...this.#plans].map(([handle, plan]) => this.#send({ kind: "load", handle, plan })));
    this.#isStarted = true;
  }

  #send(body: CommandBody, transfer: readonly ArrayBuffer[] = []): Promise<DoneWork> {
    // Only a thread that owes an answer keeps the process alive.
    this.#worker?.ref();
    return this.#replies.ask((id) => this.#worker?.postMessage({ ...body, id }, transfer));
  }

  #onReply(reply: WorkerReply): void {
    this.#replies.settle(reply);
    if (this.#replies.size === 0) this.#worker?.unref();
  }

  #onExit(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#forgetThread();
    this.#replies.failAll(failure("UNAVAILABLE", { what: "The model's worker", why: "it ended and is started again" }));
  }
}

/** Lets it finish what it was sent. */
function endThread(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once("exit", () => resolve());
    // Nobody waits for the answer: a thread that fails here ends, too.
    const close: WorkerCommand = { kind: "close", id: 0 };
    worker.postMessage(close);
    worker.ref();
  });
}
