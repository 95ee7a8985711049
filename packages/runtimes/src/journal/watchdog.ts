/**
 * The watchdog: a thread that ends the process when a run lasts longer than its limit, because nothing else can end a run.
 * (Terminating a worker thread in the middle of a run aborts the process anyway, and a run on the I/O thread blocks everything.)
 */
import { Worker } from "node:worker_threads";
import type { RunJournal } from "./run-journal.ts";

/** Options of {@link startWatchdog}. */
export interface WatchdogOptions {
  readonly journal: RunJournal;
  /** How often it looks. Default 100. */
  readonly intervalMs?: number;
}

/** A running watchdog. */
export interface Watchdog {
  /** Stops watching; idempotent. */
  close(): Promise<void>;
}

/** What the thread is given. */
export interface WatchdogData {
  readonly path: string;
  readonly words: SharedArrayBuffer;
  readonly intervalMs: number;
}

/** Starts the thread. On a hang it writes the note beside the running file and ends this process with SIGKILL. */
export function startWatchdog(options: WatchdogOptions): Watchdog {
  const { journal, intervalMs = 100 } = options;
  const data: WatchdogData = { path: journal.path, words: journal.words, intervalMs };
  const worker = new Worker(new URL(import.meta.resolve("#watchdog-worker")), {
    workerData: data,
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, codeRangeSizeMb: 4 },
  });
  worker.unref();
  return {
    async close() {
      await worker.terminate();
    },
  };
}
