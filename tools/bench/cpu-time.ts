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

/** CPU time so far by where it went, in ticks of the kernel's clock (100 a second): fine enough for a share of a second's work. */
export function cpuTicks(pids: readonly number[]): { readonly user: number; readonly kernel: number } {
  // proc(5): `utime` and `stime` are the 14th and 15th field of `stat`, the 12th and 13th behind the name in brackets.
  const fields = pids.map((pid) => fieldsBehindName(String(pid)));
  const sum = (index: number): number => fields.reduce((total, one) => total + Number(one[index] ?? 0), 0);
  return { user: sum(11), kernel: sum(12) };
}

/** Resident memory of processes, MiB. */
export function residentMib(pids: readonly number[]): number {
  return statusMib(pids, /VmRSS:\s+(\d+) kB/);
}

/** The part of it that is pages of files, which processes of the same program share. */
export function residentFileMib(pids: readonly number[]): number {
  return statusMib(pids, /RssFile:\s+(\d+) kB/);
}

function statusMib(pids: readonly number[], field: RegExp): number {
  return pids.reduce((sum, pid) => sum + Number(field.exec(readOr(`/proc/${pid}/status`))?.[1] ?? 0) / 1024, 0);
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
  return Number(fieldsBehindName(pid)[1] ?? 0);
}

function fieldsBehindName(pid: string): readonly string[] {
  const stat = readOr(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // It has ended.
    return "";
  }
}
