/**
 * How much of the time between two looks was a process's own: time in which it was stopped, or had next to nothing of a processor, is not charged to
 * what it does.
 *
 * Linux: proc_pid_stat(5), field 3 (state of the main thread), and `schedstat` of that thread (nanoseconds on a processor). Where they cannot be
 * read, all time is its own.
 */
import { readFileSync } from "node:fs";

/** A process that had a tenth of a processor had its chance. */
const longestPerCpu = 10;

/** Milliseconds of its own since the last call; 0 the first time, `longestMs` at most: whoever asks late may have been stopped together with it. */
export type OwnTime = (nowMs: number) => number;

/** Starts to measure a process's main thread. */
export function ownTime(pid: number, longestMs: number): OwnTime {
  let last: { readonly atMs: number; readonly cpuMs: number | undefined } | undefined;
  return (nowMs) => {
    const { cpuMs, state } = threadFacts(pid);
    const passedMs = nowMs - (last?.atMs ?? nowMs);
    const chanceMs = cpuMs !== undefined && last?.cpuMs !== undefined ? longestPerCpu * (cpuMs - last.cpuMs) : passedMs;
    last = { atMs: nowMs, cpuMs };
    // Asleep (S) it waits for something of its own accord; running (R) it may be waiting for a processor, stopped (T) or behind a disk (D) it cannot go on.
    return Math.min(state === "S" ? passedMs : chanceMs, passedMs, longestMs);
  };
}

interface ThreadFacts {
  readonly state: string | undefined;
  readonly cpuMs: number | undefined;
}

function threadFacts(pid: number): ThreadFacts {
  try {
    const stat = readFileSync(`/proc/${pid}/task/${pid}/stat`, "latin1");
    const cpuNanos = Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "latin1").split(" ")[0]);
    // The command name, field 2, is in parentheses and may hold any character.
    return { state: stat[stat.lastIndexOf(")") + 2], cpuMs: cpuNanos / 1e6 };
  } catch {
    // Gone, or not Linux.
    return { state: undefined, cpuMs: undefined };
  }
}
