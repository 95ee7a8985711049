/** What a running process holds, as the kernel counts it. */
import { readdirSync, readFileSync } from "node:fs";

/** What a process holds. */
export interface Footprint {
  /** Open file descriptors, sockets included. */
  readonly handles: number;
  readonly threads: number;
  readonly residentBytes: number;
}

/** Of a process on this machine; fails when it has ended. */
export function footprintOf(pid: number): Footprint {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const number = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
  return { handles: readdirSync(`/proc/${pid}/fd`).length, threads: number("Threads"), residentBytes: number("VmRSS") * 1024 };
}
