/** The watchdog's thread: looks, and on a hang leaves its note and ends the process. */
import { workerData } from "node:worker_threads";
import { systemClock } from "@modelyard/core";
import { hangDetector } from "./hang-detector.ts";
import { writeHangNote } from "./hang-note.ts";
import { readSlots } from "./running-file.ts";
import type { WatchdogData } from "./watchdog.ts";

// Given by `startWatchdog` alone.
const { path, words, intervalMs } = workerData as WatchdogData;
const clock = systemClock();
const detect = hangDetector(new Int32Array(words));

function look(): void {
  const hang = detect(clock.monotonicMs());
  if (!hang) {
    clock.setTimer(intervalMs, look);
    return;
  }
  const record = readSlots(path)[hang.thread];
  if (record) writeHangNote(path, { ...record, limitMs: hang.limitMs, atMs: clock.nowMs() });
  // SIGKILL and not SIGABRT: no core file of the whole process; the note tells it from a kill from outside.
  process.kill(process.pid, "SIGKILL");
}

look();
