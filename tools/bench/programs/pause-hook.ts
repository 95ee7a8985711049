/**
 * Loaded into every process of a server by `--import`, active in a serving process: SIGUSR2 begins to note how long JavaScript stands still, and the
 * next one writes it to the file that `MODELYARD_BENCH_PAUSES` names.
 *
 * Each turn of the event loop is taken apart, because its length alone does not say whose time it was: what the thread ran, what it waited for a
 * core though it could have run (Linux's /proc/PID/schedstat, which proc(5) describes), and what it slept in the loop (libuv's idle time).
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
  /** The thread ran, garbage that it collected included. */
  readonly ranMs: number;
  /** It could have run, but other threads had the cores. */
  readonly queuedMs: number;
  /** It waited for events. */
  readonly idleMs: number;
}

/** What was noted, milliseconds. */
export interface Pauses {
  /** Every collection of garbage. */
  readonly collections: readonly number[];
  readonly turns: number;
  /** Of our own making: the turns in which the thread was busy for the longest time, the longest first. */
  readonly busiest: readonly Turn[];
  /** The longest turns, whatever filled them, the longest first. */
  readonly longest: readonly Turn[];
}

/** How often a timer wakes the event loop, milliseconds. */
export const tickMs = 1;

/** How long a turn held up the loop by its own doing: it ran, or it stood still outside the loop's own waiting and not for want of a core. */
export function ownMs({ wallMs, ranMs, queuedMs, idleMs }: Turn): number {
  return Math.max(ranMs, wallMs - idleMs - queuedMs);
}

const kept = 10;
const text = Buffer.alloc(96);
const observer = new PerformanceObserver((list) => note(list.getEntries()));
let collections: number[] = [];
let stop: (() => Omit<Pauses, "collections">) | undefined;

if (isMainThread && process.argv[1]?.includes("serving-program")) process.on("SIGUSR2", toggle);

function note(entries: readonly PerformanceEntry[]): void {
  for (const { duration } of entries) collections.push(duration);
}

function toggle(): void {
  if (!stop) {
    collections = [];
    observer.observe({ entryTypes: ["gc"] });
    stop = watchTurns();
    return;
  }
  const turns = stop();
  stop = undefined;
  note(observer.takeRecords());
  observer.disconnect();
  const pauses: Pauses = { collections, ...turns };
  const file = process.env["MODELYARD_BENCH_PAUSES"] ?? "";
  // Whoever waits for the file finds all of it.
  writeFileSync(`${file}.new`, JSON.stringify(pauses));
  renameSync(`${file}.new`, file);
}

/** Returns what ends it. */
function watchTurns(): () => Omit<Pauses, "collections"> {
  const schedule = openSync("/proc/self/schedstat", "r");
  const start = performance.now();
  const busiest: Turn[] = [];
  const longest: Turn[] = [];
  const ticks = setInterval(() => {}, tickMs).unref();
  let turns = -1;
  let before = readClocks(schedule);
  let next: NodeJS.Immediate;
  const onTurn = (): void => {
    const now = readClocks(schedule);
    const turn: Turn = {
      atMs: before.wallMs - start,
      wallMs: now.wallMs - before.wallMs,
      ranMs: now.ranMs - before.ranMs,
      queuedMs: now.queuedMs - before.queuedMs,
      idleMs: now.idleMs - before.idleMs,
    };
    before = now;
    // The first one began in the midst of it.
    if (++turns > 0) {
      keep(busiest, turn, ownMs);
      keep(longest, turn, (one) => one.wallMs);
    }
    // One that is not waited for: the loop sleeps as it would without.
    next = setImmediate(onTurn).unref();
  };
  onTurn();
  return () => {
    clearInterval(ticks);
    clearImmediate(next);
    return { turns, busiest, longest };
  };
}

function keep(turns: Turn[], turn: Turn, length: (one: Turn) => number): void {
  const least = turns.at(-1);
  if (turns.length >= kept && least && length(turn) <= length(least)) return;
  const at = turns.findIndex((one) => length(one) < length(turn));
  turns.splice(at < 0 ? turns.length : at, 0, turn);
  turns.length = Math.min(turns.length, kept);
}

type Clocks = Omit<Turn, "atMs">;

function readClocks(schedule: number): Clocks {
  // The kernel brings the counters of the thread up to date for this call, and else at its next tick, up to 10 ms later.
  process.cpuUsage();
  const [ran, queued] = text.latin1Slice(0, readSync(schedule, text, 0, text.length, 0)).split(" ");
  return {
    wallMs: performance.now(),
    ranMs: Number(ran) / 1e6,
    queuedMs: Number(queued) / 1e6,
    idleMs: performance.eventLoopUtilization().idle,
  };
}
