/**
 * Loaded into every process of a server by `--import`, active in a serving process: SIGUSR2 begins to note how long JavaScript stands still, and the
 * next one writes it to the file that `MODELYARD_BENCH_PAUSES` names.
 */
import { renameSync, writeFileSync } from "node:fs";
import { monitorEventLoopDelay, type PerformanceEntry, PerformanceObserver } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

/** What was noted, milliseconds. */
export interface Pauses {
  /** Every collection of garbage. */
  readonly collections: readonly number[];
  /** The longest time that a timer of the event loop was late, all causes together. */
  readonly longestDelay: number;
}

const timerMs = 1;
const delays = monitorEventLoopDelay({ resolution: timerMs });
const observer = new PerformanceObserver((list) => note(list.getEntries()));
let collections: number[] = [];
let isRunning = false;

if (isMainThread && process.argv[1]?.includes("serving-program")) process.on("SIGUSR2", toggle);

function note(entries: readonly PerformanceEntry[]): void {
  for (const { duration } of entries) collections.push(duration);
}

function toggle(): void {
  isRunning = !isRunning;
  if (isRunning) {
    collections = [];
    delays.reset();
    delays.enable();
    observer.observe({ entryTypes: ["gc"] });
    return;
  }
  note(observer.takeRecords());
  observer.disconnect();
  delays.disable();
  const pauses: Pauses = { collections, longestDelay: delays.max / 1e6 - timerMs };
  const file = process.env["MODELYARD_BENCH_PAUSES"] ?? "";
  // Whoever waits for the file finds all of it.
  writeFileSync(`${file}.new`, JSON.stringify(pauses));
  renameSync(`${file}.new`, file);
}
