/** CPU time and memory of processes from the kernel's counters. */
import { readdirSync, readFileSync } from "node:fs";

/** A process and all below it. */
export function processTree(pid: number): readonly number[] {
  const parents = readdirSync("/proc").flatMap((entry) => (/^\d+$/.test(entry) ? [[Number(entry), parentOf(entry)] as const] : []));
  const children = (of: number): readonly number[] =>
    parents.flatMap(([child, parent]) => (parent === of ? [child, ...children(child)] : []));
  return [pid, ...children(pid)];
}

/** CPU microseconds that processes have used so far, user and system, all threads (`schedstat`: nanoseconds on a CPU). */
export function cpuMicros(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + threadsOf(pid).reduce((total, thread) => total + runNanos(pid, thread) / 1000, 0), 0);
}

/** Resident memory of processes, MiB. */
export function residentMib(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + Number(/VmRSS:\s+(\d+) kB/.exec(readOr(`/proc/${pid}/status`))?.[1] ?? 0) / 1024, 0);
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    // It has ended.
    return [];
  }
}

function runNanos(pid: number, thread: string): number {
  return Number(readOr(`/proc/${pid}/task/${thread}/schedstat`).split(" ")[0] ?? 0);
}

function parentOf(pid: string): number {
  const stat = readOr(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? 0);
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // It has ended.
    return "";
  }
}
