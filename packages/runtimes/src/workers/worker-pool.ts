/** The run workers of a serving process: started as models need them, at most one per core; a model stays with the workers it was opened in. */
import type { Clock, Log } from "@modelyard/core";
import type { RunJournal } from "../journal/run-journal.ts";
import { RunWorkerHandle } from "./run-worker-handle.ts";

/** What the pool is made from. */
export interface WorkerPoolDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: RunJournal | undefined;
  readonly maxWorkers: number;
  readonly maxQueuedPerWorker: number;
  /** A worker that holds no model ends its thread after this. */
  readonly idleMs: number;
}

/** See the module. */
export class WorkerPool {
  readonly #deps: WorkerPoolDeps;
  readonly #workers: RunWorkerHandle[] = [];

  constructor(deps: WorkerPoolDeps) {
    this.#deps = deps;
  }

  /** Workers for one more model, at most so many: unused ones while there are cores, else those with the fewest models. */
  choose(count: number): readonly RunWorkerHandle[] {
    const { maxWorkers } = this.#deps;
    const wanted = Math.min(count, maxWorkers);
    const unused = this.#workers.filter(({ load }) => load === 0).length;
    for (let missing = wanted - unused; missing > 0 && this.#workers.length < maxWorkers; missing--) this.#start();
    return this.#workers.toSorted((a, b) => a.load - b.load).slice(0, wanted);
  }

  #start(): void {
    const { clock, log, journal, maxQueuedPerWorker, idleMs } = this.#deps;
    // Thread 0 of the journal is the I/O thread.
    const share = journal?.share(this.#workers.length + 1);
    this.#workers.push(new RunWorkerHandle({ clock, log, journal: share, maxQueued: maxQueuedPerWorker, idleMs }));
  }

  /** Ends the workers after what they run; idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map((worker) => worker.close()));
  }
}
