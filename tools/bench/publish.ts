/** Writes docs/performance.md from a run: every row, ours, the peer's, the ratio, the budget and whether it holds. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../repository.ts";
import type { Machine } from "./machine.ts";
import { type BenchRow, median } from "./row.ts";

/** What was measured. */
export interface BenchRun {
  readonly machine: Machine;
  readonly rows: readonly BenchRow[];
}

/** Writes the page. */
export function publish(run: BenchRun): void {
  writeFileSync(join(root, "docs/performance.md"), pageOf(run));
}

/** The page of a run. */
function pageOf({ machine, rows }: BenchRun): string {
  const { cores, memoryGib, cpu, kernel, node } = machine;
  return `# Performance

Written by \`npm run bench -- --publish\`: the last full run. Times are CPU times of all processes of a server, from the kernel's counters, in alternating
pairs; figures are medians. Only the ratios mean anything on another machine. This one: ${cores} cores (${cpu}), ${memoryGib} GiB, Linux ${kernel}, Node ${node}.

| id | what | ours | peer | theirs | ratio | budget | |
|---|---|---|---|---|---|---|---|
${rows.map(lineOf).join("\n")}
`;
}

function lineOf({ id, what, unit, ours, peer, peerValues, ratio, budget, holds, missing }: BenchRow): string {
  const theirs = peerValues.length > 0 ? `${median(peerValues).toFixed(1)} ${unit}` : "–";
  const verdict = holds === null ? "" : holds ? "holds" : "missed";
  const cells = [
    id,
    missing === undefined ? what : `${what} (not measured: ${missing})`,
    ours.length > 0 ? `${median(ours).toFixed(1)} ${unit}` : "–",
    peer,
    theirs,
  ];
  return `| ${[...cells, ratio === null ? "–" : `${ratio.toFixed(2)}x`, budget ?? "–", verdict].join(" | ")} |`;
}
