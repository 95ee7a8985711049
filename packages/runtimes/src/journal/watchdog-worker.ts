/**
 * The watchdog's thread: looks, and on a hang leaves its note and ends the process. Every module it reaches lives in a heap of its own, so it
 * imports no other package, and asks Node for the time: with the core package it takes 3 MiB more.
 */
import { workerData } from "node:worker_threads";
import { hangDetector } from "./hang-detector.ts";
import { writeHangNote } from "./hang-note.ts";
import { readSlots } from "./running-file.ts";
import type { WatchdogData } from "./watchdog.ts";

// Given by `startWatchdog` alone.
const { path, words, intervalMs } = workerData as WatchdogData;
const detect = hangDetector(new Int32Array(words));

function look(): void {
  const hang = detect(performance.now());
  if (!hang) {
    setTimeout(look, intervalMs);
    return;
  }
  const record = readSlots(path)[hang.thread];
  if (record) writeHangNote(path, { ...record, limitMs: hang.limitMs, atMs: Date.now() });
  // SIGKILL and not SIGABRT: no core file of the whole process; the note tells it from a kill from outside.
  process.kill(process.pid, "SIGKILL");
}

look();
