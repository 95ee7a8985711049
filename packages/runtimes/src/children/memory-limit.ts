/** A memory limit for a child process without a library: the shell's `ulimit -d` (RLIMIT_DATA) before it becomes the program. */
import { spawnSync } from "node:child_process";

/** How a program is started. */
export interface Launch {
  readonly command: string;
  readonly arguments: readonly string[];
}

const shell = "/bin/sh";

/** The launch of `command` with at most `limitBytes` of private memory. Address space that Node only reserves counts too: allow about 1 GiB for it. */
export function launchWithin(limitBytes: number, launch: Launch): Launch {
  const kibibytes = Math.floor(limitBytes / 1024);
  return { command: shell, arguments: ["-c", `ulimit -d ${kibibytes} && exec "$0" "$@"`, launch.command, ...launch.arguments] };
}

/** Whether this machine's shell can set the limit. */
export function canLimitMemory(limitBytes: number): boolean {
  if (process.platform !== "linux") return false;
  const probe = launchWithin(limitBytes, { command: "/bin/true", arguments: [] });
  return spawnSync(probe.command, probe.arguments, { stdio: "ignore", env: {} }).status === 0;
}
