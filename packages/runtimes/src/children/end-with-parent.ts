/** A child of a serving process ends when its parent is gone: by the closed channel when it is idle, by a watching thread when a model keeps it busy. */
import { Worker } from "node:worker_threads";

/** Called once, at the start of a child's program. */
export function endWithParent(): void {
  const limits = { maxOldGenerationSizeMb: 16 };
  new Worker(new URL(import.meta.resolve("#parent-watch")), { workerData: process.ppid, resourceLimits: limits }).unref();
  process.on("disconnect", () => process.exit(0));
}
