/**
 * Names a process for ever: its pid is reused, its pid with start time and boot id is not. Locks, leases on files and everything that signals
 * a process it did not start itself go by this.
 */
import { readFileSync } from "node:fs";

/** One process of one boot of the machine. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot at which it started: field 22 of `/proc/PID/stat` (proc(5)). Empty where the system has no `/proc`. */
  readonly startTime: string;
  /** `/proc/sys/kernel/random/boot_id`. Empty where the system has none. */
  readonly bootId: string;
}

/** The identity of a running process; undefined when there is none, or only its zombie. */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return hasProc() || !answersSignal(pid) ? undefined : { pid, startTime: "", bootId: "" };
  // The command name in parentheses may hold spaces: fields are counted from the last ")".
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return undefined;
  return { pid, startTime: fields[19] ?? "", bootId: bootId() };
}

/** Whether the very process that was identified still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  const now = processIdentity(identity.pid);
  return now !== undefined && now.startTime === identity.startTime && now.bootId === identity.bootId;
}

function bootId(): string {
  return readText("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
}

function hasProc(): boolean {
  return readText("/proc/self/stat") !== undefined;
}

function answersSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // ESRCH: no such process. EPERM: one of another user, which is none of ours.
    return false;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // No such process, or no /proc: the caller tells them apart.
    return undefined;
  }
}
