/** Processes that a run started and that still live. */
import { readdirSync, readFileSync } from "node:fs";
import { until } from "./server.ts";

const limitMs = 6_000;

/** Those whose command line names the run's folder, as that of each process of the product does; waits a while for them to end. */
export async function leftovers(folder: string): Promise<readonly number[]> {
  const now = (): readonly number[] => pids().filter((pid) => commandLine(pid).includes(folder));
  await until(
    async () => {
      if (now().length > 0) throw new Error("still running");
    },
    { limitMs },
  ).catch(() => {});
  return now();
}

/** A process. */
interface Started {
  readonly pid: number;
  /** Its arguments, separated by spaces. */
  readonly command: string;
}

/** Those that name the run's folder, and all that come from this process. */
function startedBy(folder: string): readonly Started[] {
  const parents = new Map(pids().map((pid) => [pid, parentOf(pid)]));
  const isOurs = (pid: number | undefined): boolean => pid !== undefined && (pid === process.pid || isOurs(parents.get(pid)));
  return [...parents.keys()]
    .filter((pid) => isOurs(pid) || commandLine(pid).includes(folder))
    .map((pid) => ({ pid, command: commandLine(pid).replaceAll("\0", " ").trim() }));
}

/** Kills what lives of a run, and says what it was. */
export function killStartedBy(folder: string): readonly Started[] {
  const started = startedBy(folder);
  for (const { pid } of started) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
  return started;
}

function pids(): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
}

/** Undefined when it has ended meanwhile. */
function parentOf(pid: number): number | undefined {
  const parent = /^PPid:\s+(\d+)$/m.exec(procFile(pid, "status"))?.[1];
  return parent === undefined ? undefined : Number(parent);
}

function commandLine(pid: number): string {
  return procFile(pid, "cmdline");
}

function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}
