/** A thread of the store, seen from outside: requests with answers, a limit on how many wait, and an end. */
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { failure, type Log } from "@modelyard/core";
import { type CallKind, type FromWorker, receiveError, type ToWorker, type WorkerCalls, type WorkerOptions } from "./worker-protocol.ts";

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Options of {@link WorkerThread}. */
export interface WorkerThreadOptions extends WorkerOptions {
  readonly log: Log;
  /** Requests without an answer; more fail with `LIMIT_EXCEEDED`. */
  readonly maxPending: number;
}

/** One running thread. */
export class WorkerThread {
  readonly #worker: Worker;
  readonly #options: WorkerThreadOptions;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #lastId = 0;
  #hasEnded = false;

  constructor(options: WorkerThreadOptions) {
    const { role, path, keepRevisions, log } = options;
    this.#options = options;
    const workerData: WorkerOptions = { role, path, keepRevisions };
    // The package's own import map names the source file in development and the built one otherwise.
    this.#worker = new Worker(createRequire(import.meta.url).resolve("#sqlite-worker"), { workerData, name: `store ${role}` });
    this.#worker.on("message", (message: FromWorker) => this.#settle(message));
    this.#worker.on("error", (error) => log.error("A thread of the store failed", error, { role }));
    this.#ended = new Promise((resolve) => {
      this.#worker.on("exit", () => {
        this.#end();
        resolve();
      });
    });
  }

  /** Asks the thread; `STORE_UNAVAILABLE` when it has ended. */
  call<K extends CallKind>(kind: K, request: WorkerCalls[K]["request"]): Promise<WorkerCalls[K]["answer"]> {
    const { maxPending, role } = this.#options;
    if (this.#hasEnded) return Promise.reject(ended());
    if (this.#waiting.size >= maxPending) {
      return Promise.reject(
        failure("LIMIT_EXCEEDED", {
          what: `The number of waiting requests of the store's ${role}`,
          current: this.#waiting.size + 1,
          limit: maxPending,
        }),
      );
    }
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      // Kind and request belong together by the signature, which the compiler cannot see through K.
      this.#worker.postMessage({ id, kind, request } as ToWorker);
    });
  }

  /** Ends the thread after what it was asked before; resolves when it has ended. */
  async close(): Promise<void> {
    if (!this.#hasEnded) await this.call("close", undefined).catch(() => this.#worker.terminate());
    await this.#ended;
  }

  #settle({ id, answer }: FromWorker): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    // The id ties the answer to the call that fixed its type.
    if (answer.kind === "done") waiting?.resolve(answer.value as never);
    else waiting?.reject(receiveError(answer.error));
  }

  #end(): void {
    this.#hasEnded = true;
    for (const { reject } of this.#waiting.values()) reject(ended());
    this.#waiting.clear();
  }
}

function ended(): Error {
  return failure("STORE_UNAVAILABLE", { why: "its thread has ended" });
}
