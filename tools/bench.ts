/**
 * `npm run bench [-- --only IDS] [--json] [--publish]`: measures us beside peers in alternating pairs and prints every row. Times are CPU times of whole
 * process trees from the kernel's counters; only ratios within one run mean anything. Peers are installed on first use and never belong to the product.
 * `--only` takes beginnings of ids, separated by commas; `--publish` writes docs/performance.md from the run.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeMachine } from "./bench/machine.ts";
import { publish } from "./bench/publish.ts";
import { type BenchRow, measureRow, median, quartiles, type RowGroup } from "./bench/row.ts";
import { groups } from "./bench/rows/groups.ts";

const { values: flags } = parseArgs({
  options: { only: { type: "string" }, json: { type: "boolean", default: false }, publish: { type: "boolean", default: false } },
});
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const wanted = flags.only?.split(",");
const isWanted = (id: string): boolean => wanted === undefined || wanted.some((one) => id.startsWith(one));
const folder = mkdtempSync(join(tmpdir(), "bench-"));
const rows: BenchRow[] = [];
try {
  for (const group of groups) if (isWantedGroup(group)) await measureGroup(group);
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
const machine = describeMachine();
if (flags.publish) publish({ machine, rows });
if (flags.json) console.log(JSON.stringify({ machine, rows }));
else console.log(`${rows.length} rows on ${machine.cores} cores, ${machine.memoryGib} GiB, Node ${machine.node}`);
process.exit(0);

/** Its servers are started for its rows alone. */
async function measureGroup(group: RowGroup): Promise<void> {
  const own = mkdtempSync(join(folder, "group-"));
  const open = await group.open({ folder: own, say });
  try {
    for (const plan of open.rows.filter(({ id }) => isWanted(id))) {
      const row = await measureRow(plan, group.title);
      rows.push(row);
      if (flags.json) say(describe(row));
      else console.log(describe(row));
    }
  } finally {
    await open.close();
  }
}

function isWantedGroup({ ids }: RowGroup): boolean {
  return ids.some((id) => isWanted(id) || wanted?.some((one) => one.startsWith(id)));
}

function describe(row: BenchRow): string {
  const peer = row.ratio === null ? "" : `, ${row.peer} ${figure(row.peerValues)}: ${row.ratio.toFixed(2)}x (${spread(row.ratios, 2)})`;
  const missing = row.missing === undefined ? "" : `, not measured: ${row.missing}`;
  const budget = row.budget === null ? "" : `, budget ${row.budget}: ${row.holds ? "holds" : "missed"}`;
  return `${row.id.padEnd(32)} ours ${figure(row.ours)} ${row.unit}${peer}${missing}${budget}\n${" ".repeat(33)}${row.what}`;
}

/** The median, and between which the middle half of the samples lies. */
function figure(values: readonly number[]): string {
  if (values.length === 0) return "-";
  return values.length < 3 ? median(values).toFixed(1) : `${median(values).toFixed(1)} (${spread(values, 1)})`;
}

function spread(values: readonly number[], digits: number): string {
  return quartiles(values)
    .map((value) => value.toFixed(digits))
    .join("..");
}
