/** Processes that a run started and that still live. */
import { readdirSync, readFileSync } from "node:fs";
import { until } from "./server.ts";

const limitMs = 6_000;

/** Those whose command line names the run's folder, as that of each process of the product does; waits a while for them to end. */
export async function leftovers(folder: string): Promise<readonly number[]> {
  const now = (): readonly number[] => {
    const pids = readdirSync("/proc").map(Number);
    return pids.filter((pid) => pid > 0 && pid !== process.pid && commandLine(pid).includes(folder));
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
