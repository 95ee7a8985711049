/** What a process knows of itself, under the names of the Prometheus client libraries. */
import { readdirSync } from "node:fs";
import type { Sample } from "@modelyard/core";

/** Samples of this process as it is now. */
export function processSamples(): readonly Sample[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, heapTotal } = process.memoryUsage();
  const openFiles = countOpenFiles();
  return [
    sample("counter", "process_cpu_seconds_total", (user + system) / 1e6),
    sample("gauge", "process_resident_memory_bytes", rss),
    sample("gauge", "process_start_time_seconds", performance.timeOrigin / 1_000),
    ...(openFiles === undefined ? [] : [sample("gauge", "process_open_fds", openFiles)]),
    sample("gauge", "nodejs_heap_size_used_bytes", heapUsed),
    sample("gauge", "nodejs_heap_size_total_bytes", heapTotal),
  ];
}

function sample(kind: "counter" | "gauge", name: string, value: number): Sample {
  return { name, labels: {}, kind, value };
}

function countOpenFiles(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    // Only Linux has it.
    return undefined;
  }
}
