/** A thread that ends its process when the parent is gone, or when a run takes too long, even while the main thread is in a run that never ends. */
import { workerData } from "node:worker_threads";
import { systemClock } from "@modelyard/core";
import { hangSignal, type ParentWatchData } from "../children/end-with-parent.ts";
import { hangDetector } from "../journal/hang-detector.ts";

// Given by `endWithParent` alone.
const { parent, words } = workerData as ParentWatchData;
const intervalMs = words ? 100 : 500;
const clock = systemClock();
const detect = words ? hangDetector(new Int32Array(words), intervalMs) : (): undefined => undefined;

function look(): void {
  if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
  else if (detect(clock.monotonicMs())) process.kill(process.pid, hangSignal);
  else clock.setTimer(intervalMs, look);
}

look();
