/** The prepare children of a serving process: a few, started one by one as jobs wait, so that a model that hangs does not hold up the others. */
import { failure } from "@modelyard/core";
import { PrepareProcess, type PrepareProcessDeps } from "./prepare-process.ts";
import type { PrepareJob } from "./prepare-protocol.ts";

/** What the pool is made from. */
export interface PreparePoolDeps extends PrepareProcessDeps {
  /** Most children at once. */
  readonly maxProcesses: number;
  /** Most jobs that wait for one; more are refused. */
  readonly maxWaiting: number;
}

/** Options of one job. */
export interface PrepareRunOptions {
  /** Time of one run. Default: the limit of the deps. */
  readonly runLimitMs?: number;
  readonly signal: AbortSignal;
}

/** See the module. */
export class PreparePool {
  readonly #deps: PreparePoolDeps;
  readonly #processes: PrepareProcess[] = [];
  readonly #taken = new Set<PrepareProcess>();
  readonly #waiting: (() => void)[] = [];
  readonly #closing = new AbortController();

  constructor(deps: PreparePoolDeps) {
    this.#deps = deps;
  }

  /** Ids of the live children. */
  get pids(): readonly number[] {
    return this.#processes.flatMap((one) => one.pid ?? []);
  }

  /** Runs a job when a child is free. Rejects with `MODEL_LOAD_FAILED`, `LIMIT_EXCEEDED` or the signal's reason. */
  async run(job: PrepareJob, options: PrepareRunOptions): Promise<void> {
    const signal = AbortSignal.any([options.signal, this.#closing.signal]);
    const taken = await this.#take(signal);
    try {
      await taken.run(job, { ...options, signal });
    } finally {
      this.#taken.delete(taken);
      this.#waiting.shift()?.();
    }
  }

  /** Kills the children; idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(failure("CANCELLED", { what: "Preparing the model" }));
    await Promise.all(this.#processes.map((one) => one.close()));
  }

  async #take(signal: AbortSignal): Promise<PrepareProcess> {
    signal.throwIfAborted();
    for (;;) {
      const idle = this.#processes.find((one) => !this.#taken.has(one)) ?? this.#grow();
      if (idle) {
        this.#taken.add(idle);
        return idle;
      }
      await this.#waitForTurn(signal);
    }
  }

  #grow(): PrepareProcess | undefined {
    if (this.#processes.length >= this.#deps.maxProcesses) return undefined;
    const process = new PrepareProcess(this.#deps);
    this.#processes.push(process);
    return process;
  }

  #waitForTurn(signal: AbortSignal): Promise<void> {
    const { maxWaiting } = this.#deps;
    if (this.#waiting.length >= maxWaiting) {
      throw failure("LIMIT_EXCEEDED", { what: "The queue of models to prepare", current: this.#waiting.length + 1, limit: maxWaiting });
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(onTurn), 1);
        reject(signal.reason);
      };
      const onTurn = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      this.#waiting.push(onTurn);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}
