/**
 * Who a process is: pid, start time and boot id together. A pid alone is reused, so a lock or a kill that trusts it hits strangers.
 * Linux: proc_pid_stat(5), field 22 (start time in ticks since boot), field 3 (state); elsewhere `ps` gives the start time.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A process of one boot of one machine. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: string;
  readonly bootId: string;
}

/** The identity of a running process; undefined when there is none with this pid, or only its corpse. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const startTime = startTimeOf(pid);
  return startTime === undefined ? undefined : { pid, startTime, bootId: bootId() };
}

/** Whether exactly this process still runs. A zombie does not. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identity.bootId === bootId() && startTimeOf(identity.pid) === identity.startTime;
}

/** Ends exactly this process by SIGKILL; without effect when it is gone. */
export function killExactly(identity: ProcessIdentity): void {
  if (!isRunning(identity)) return;
  try {
    process.kill(identity.pid, "SIGKILL");
  } catch {
    // It ended in between, or belongs to another user: the caller looks again whether it runs.
  }
}

/** Reads an identity written as JSON; undefined when the value is none. */
export function parseIdentity(value: unknown): ProcessIdentity | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (!("pid" in value && "startTime" in value && "bootId" in value)) return undefined;
  const { pid, startTime, bootId: boot } = value;
  if (!Number.isInteger(pid) || typeof pid !== "number" || typeof startTime !== "string" || typeof boot !== "string") return undefined;
  return { pid, startTime, bootId: boot };
}

function startTimeOf(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return process.platform === "linux" ? undefined : startTimeByPs(pid);
  // The command name, field 2, is in parentheses and may hold any character: fields are counted from its end.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  return state === "Z" || state === "X" ? undefined : fields[19];
}

function startTimeByPs(pid: number): string | undefined {
  const result = spawnSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { encoding: "utf8", timeout: 5_000 });
  const [, state, startTime] = /^\s*(\S+)\s+(.+?)\s*$/m.exec(result.stdout ?? "") ?? [];
  return state?.startsWith("Z") ? undefined : startTime;
}

function bootId(): string {
  return readText("/proc/sys/kernel/random/boot_id")?.trim() ?? bootTimeBySysctl();
}

function bootTimeBySysctl(): string {
  const result = spawnSync("sysctl", ["-n", "kern.boottime"], { encoding: "utf8", timeout: 5_000 });
  return /sec = (\d+)/.exec(result.stdout ?? "")?.[1] ?? "unknown";
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Absent: no such process, or not Linux.
    return undefined;
  }
}
