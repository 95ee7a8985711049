/** A thread that ends its process when the parent is gone, even while the main thread is in a run that never ends. */
import { workerData } from "node:worker_threads";
import { systemClock } from "@modelyard/core";

const intervalMs = 500;
const clock = systemClock();
// Given by the prepare child: its parent when it started. Orphans are adopted by another process.
const parent = workerData as number;

function look(): void {
  if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
  else clock.setTimer(intervalMs, look);
}

look();
