/**
 * Loaded into every process of a server by `--import`, active in a serving process: SIGUSR2 begins to note how long JavaScript stands still, and the
 * next one writes it to the file that `MODELYARD_BENCH_PAUSES` names.
 *
 * Each turn of the event loop is taken apart, because its length alone does not say whose time it was: what the thread ran, and what it waited for a
 * core though it could have run (Linux's /proc/PID/schedstat, Documentation/scheduler/sched-stats.rst). What is left of a turn it slept in the loop,
 * or waited for other threads. A core that the machine's host has taken counts as running: `core-witness.ts` tells.
 * A timer wakes the loop each millisecond, so that a turn which is longer by more was late.
 */
import { openSync, readSync, renameSync, writeFileSync } from "node:fs";
import { type PerformanceEntry, PerformanceObserver, performance } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

/** One turn of the event loop, milliseconds. */
export interface Turn {
  /** From the start of the notes. */
  readonly atMs: number;
  readonly wallMs: number;
  /** The core that it ended on. */
  readonly core: number;
  /** By how much it was longer than it would be without anything to do. */
  readonly lateMs: number;
  /** The thread ran, garbage that it collected included. */
  readonly ranMs: number;
  /** It could have run, but other threads had the cores. */
  readonly queuedMs: number;
}

/** One collection of garbage. */
export interface Collection {
  /** From the start of the notes, milliseconds. */
  readonly atMs: number;
  readonly durationMs: number;
}

/** What was noted. */
export interface Pauses {
  /** When the notes began, by the monotonic clock that all processes of the machine share, milliseconds. */
  readonly startedMs: number;
  readonly collections: readonly Collection[];
  readonly turns: number;
  /** Of our own making: the turns in which the thread ran for the longest time, the longest first. */
  readonly busiest: readonly Turn[];
  /** The turns that were the latest, whatever filled them, the latest first. */
  readonly latest: readonly Turn[];
}

/** How often a timer wakes the event loop, milliseconds. */
const tickMs = 1;
const kept = 200;
const text = Buffer.alloc(512);
const observer = new PerformanceObserver((list) => note(list.getEntries()));
let collections: Collection[] = [];
let startMs = 0;
let startedMs = 0;
let stop: (() => Watched) | undefined;

if (isMainThread && process.argv[1]?.includes("serving-program")) process.on("SIGUSR2", toggle);

function note(entries: readonly PerformanceEntry[]): void {
  for (const { duration, startTime } of entries) collections.push({ atMs: startTime - startMs, durationMs: duration });
}

function toggle(): void {
  if (!stop) {
    collections = [];
    startMs = performance.now();
    startedMs = Number(process.hrtime.bigint()) / 1e6;
    observer.observe({ entryTypes: ["gc"] });
    stop = watchTurns();
    return;
  }
  const turns = stop();
  stop = undefined;
  note(observer.takeRecords());
  observer.disconnect();
  const pauses: Pauses = { startedMs, collections, ...turns };
  const file = process.env["MODELYARD_BENCH_PAUSES"] ?? "";
  // Whoever waits for the file finds all of it.
  writeFileSync(`${file}.new`, JSON.stringify(pauses));
  renameSync(`${file}.new`, file);
}

type Watched = Pick<Pauses, "turns" | "busiest" | "latest">;

/** Returns what ends it. */
function watchTurns(): () => Watched {
  const schedule = openSync("/proc/self/schedstat", "r");
  const status = openSync("/proc/thread-self/stat", "r");
  const busiest: Turn[] = [];
  const latest: Turn[] = [];
  const ticks = setInterval(() => {}, tickMs).unref();
  let turns = -1;
  let before = readClocks(schedule);
  let next: NodeJS.Immediate;
  const onTurn = (): void => {
    const now = readClocks(schedule);
    const wallMs = now.wallMs - before.wallMs;
    const turn: Turn = {
      atMs: before.wallMs - startMs,
      wallMs,
      core: now.ranMs - before.ranMs > tickMs ? readCore(status) : -1,
      lateMs: Math.max(0, wallMs - tickMs),
      ranMs: now.ranMs - before.ranMs,
      queuedMs: now.queuedMs - before.queuedMs,
    };
    before = now;
    // The first one began in the midst of it.
    if (++turns > 0) {
      keep(busiest, turn, (one) => one.ranMs);
      keep(latest, turn, (one) => one.lateMs);
    }
    // One that is not waited for: the loop sleeps as it would without.
    next = setImmediate(onTurn).unref();
  };
  onTurn();
  return () => {
    clearInterval(ticks);
    clearImmediate(next);
    return { turns, busiest, latest };
  };
}

function keep(turns: Turn[], turn: Turn, length: (one: Turn) => number): void {
  const least = turns.at(-1);
  if (turns.length >= kept && least && length(turn) <= length(least)) return;
  const at = turns.findIndex((one) => length(one) < length(turn));
  turns.splice(at < 0 ? turns.length : at, 0, turn);
  turns.length = Math.min(turns.length, kept);
}

/** The 39th field of /proc/PID/stat, where the second may contain spaces (proc_pid_stat(5)). */
function readCore(status: number): number {
  const line = text.toString("latin1", 0, readSync(status, text, 0, text.length, 0));
  return Number(line.slice(line.lastIndexOf(")") + 2).split(" ")[36]);
}

interface Clocks {
  readonly wallMs: number;
  readonly ranMs: number;
  readonly queuedMs: number;
}

function readClocks(schedule: number): Clocks {
  // The kernel brings the counters of the thread up to date for this call, and else at its next tick, up to 10 ms later.
  process.cpuUsage();
  const [ran, queued] = text.toString("latin1", 0, readSync(schedule, text, 0, text.length, 0)).split(" ");
  return {
    wallMs: performance.now(),
    ranMs: Number(ran) / 1e6,
    queuedMs: Number(queued) / 1e6,
  };
}
