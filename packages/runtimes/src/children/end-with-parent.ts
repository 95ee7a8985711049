/**
 * A child of a serving process ends when its parent is gone: by the closed channel when it is idle, by a watching thread when a model keeps it busy.
 * The same thread can watch over the time of its runs.
 */
import { Worker } from "node:worker_threads";

/** What the thread is given. */
export interface ParentWatchData {
  /** Process id of the parent. Orphans are adopted by another process. */
  readonly parent: number;
  /** Words of a journal: the process is ended by {@link hangSignal} when one of its runs exceeds its limit. */
  readonly words: SharedArrayBuffer | undefined;
}

/** What ends a process whose run hangs: nothing else sends it, so that its parent can tell. */
export const hangSignal = "SIGALRM";

/** Called once, at the start of a child's program. */
export function endWithParent(words?: SharedArrayBuffer): void {
  const data: ParentWatchData = { parent: process.ppid, words };
  const limits = { maxOldGenerationSizeMb: 16 };
  new Worker(new URL(import.meta.resolve("#parent-watch")), { workerData: data, resourceLimits: limits }).unref();
  process.on("disconnect", () => process.exit(0));
}
