/** The run workers of a serving process: started as models need them, at most one per core; a model stays with its worker. */
import type { Log } from "@modelyard/core";
import type { RunJournal } from "../journal/run-journal.ts";
import { RunWorkerHandle } from "./run-worker-handle.ts";

/** What the pool is made from. */
export interface WorkerPoolDeps {
  readonly log: Log;
  readonly journal: RunJournal | undefined;
  readonly maxWorkers: number;
  readonly maxQueuedPerWorker: number;
}

/** See the module. */
export class WorkerPool {
  readonly #deps: WorkerPoolDeps;
  readonly #workers: RunWorkerHandle[] = [];

  constructor(deps: WorkerPoolDeps) {
    this.#deps = deps;
  }

  /** The worker for one more model: an unused one while there are cores, else that with the fewest models. */
  choose(): RunWorkerHandle {
    const leastLoaded = this.#workers.toSorted((a, b) => a.load - b.load)[0];
    if (leastLoaded && (leastLoaded.load === 0 || this.#workers.length >= this.#deps.maxWorkers)) return leastLoaded;
    const { log, journal, maxQueuedPerWorker } = this.#deps;
    // Thread 0 of the journal is the I/O thread.
    const share = journal?.share(this.#workers.length + 1);
    const worker = new RunWorkerHandle({ log, journal: share, maxQueued: maxQueuedPerWorker });
    this.#workers.push(worker);
    return worker;
  }

  /** Ends the workers after what they run; idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map((worker) => worker.close()));
  }
}
