/** The page of a run, docs/performance.md: every row in the table of its group, with what a stranger needs to read it. */
import type { Machine } from "./machine.ts";
import { type BenchRow, median, type RowGroup } from "./row.ts";
import { percentText, ratiosText, withSpread } from "./row-text.ts";

/** What was measured. */
export interface BenchRun {
  readonly machine: Machine;
  readonly rows: readonly BenchRow[];
}

/** The page of a run that measured these groups. */
export function pageOf({ machine, rows }: BenchRun, groups: readonly RowGroup[]): string {
  const judged = rows.filter(({ budget, missing }) => budget !== null || missing !== undefined);
  const held = judged.filter(({ holds }) => holds === true).length;
  return `# Performance

Written by \`npm run bench -- --publish\` from one full run: do not edit. ${held} of ${judged.length} budgets hold.

## How to read it

- **Ratios count, times do not.** Ours and the peer are measured in turns, pair by pair, on the same machine; the ratio is ours divided by the peer's, the
  median of those of the pairs: 0.50x of a cost is half of it. On another machine the times differ, the ratios hardly.
- **CPU time, not speed.** \`us CPU\` are microseconds that a processor worked for one request, in all processes of the server, by the kernel's counters:
  what a request costs, whoever else uses the machine. The load comes from h2load and is not counted.
- **In brackets** it says where the middle half of the samples lies. All samples are in \`results/bench/last-run.json\` after a run.
- **Kernel** is the share of that CPU time which the kernel worked for the server, mostly for sockets: code can
  save it only by fewer calls.
- **Missed** means that the budget, an upper or lower limit of the ratio or value, does not hold; **not measured** that something could not be started or
  is not installed, which counts as missed. Rows without a budget are for orientation.
- Servers are measured when they have warmed up; the text above each table says by how many requests.

## The machine

${machine.cores} cores (${machine.cpu}), ${machine.memoryGib} GiB, Linux ${machine.kernel}, Node ${machine.node}, commit ${machine.commit}. The load's generator runs on the same cores.
${versionsOf(machine)}
${groups.map((group) => sectionOf(group, rows)).join("\n")}`;
}

function versionsOf({ versions }: Machine): string {
  const listed = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `Versions: ${listed.join(", ")}.\n`;
}

function sectionOf({ title, about }: RowGroup, all: readonly BenchRow[]): string {
  const rows = all.filter(({ group }) => group === title);
  const head = `## ${title}\n\n${about}\n`;
  if (rows.length === 0) return `${head}\nNot part of this run.\n`;
  const details = rows.filter(({ detail }) => detail !== undefined).map(({ id, detail }) => `- \`${id}\`: ${detail}`);
  return `${head}
| what was done, and why it matters | ours | peer | ratio | budget | |
|---|---|---|---|---|---|
${rows.map(tableLineOf).join("\n")}
${details.length === 0 ? "" : `\nWhere it goes, of the median:\n\n${details.join("\n")}\n`}`;
}

function tableLineOf(row: BenchRow): string {
  const { id, what, unit, ours, kernelShares, peer, peerValues, ratios, budget, holds, missing } = row;
  const verdict = holds === null ? "" : holds ? "holds" : "**missed**";
  const cells = [
    `${what} (\`${id}\`)`,
    cellOf(ours, unit, kernelShares.ours),
    peer === "none" ? "-" : `${peer}: ${cellOf(peerValues, unit, kernelShares.peer)}`,
    ratiosText(ratios),
    budget ?? "-",
    missing === undefined ? verdict : `**not measured**: ${missing.replaceAll(/\s+/g, " ")}`,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function cellOf(values: readonly number[], unit: string, kernelShares: readonly number[]): string {
  if (values.length === 0) return "-";
  const kernel = kernelShares.length === 0 ? "" : `, kernel ${percentText(median(kernelShares))}`;
  return `${withSpread(values, unit)}${kernel}`;
}
