/** Processes that a run started and that still live. */
import { readdirSync, readFileSync } from "node:fs";
import { alive, until } from "./server.ts";

const limitMs = 6_000;

/** Those that were seen and are still the product's, and any whose command line names the run's folder; waits a while for them to end. */
export async function leftovers(folder: string, seen: readonly number[]): Promise<readonly number[]> {
  const now = (): readonly number[] => {
    const pids = readdirSync("/proc").map(Number);
    const named = pids.filter((pid) => pid > 0 && pid !== process.pid && commandLine(pid).includes(folder));
    return [...new Set([...alive(seen).filter((pid) => commandLine(pid).includes("modelyard")), ...named])];
  };
  await until(
    async () => {
      if (now().length > 0) throw new Error("still running");
    },
    { limitMs },
  ).catch(() => {});
  return now();
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}
