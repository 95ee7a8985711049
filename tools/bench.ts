/**
 * `npm run bench [-- --only IDS] [--json]`: measures us beside peers in alternating pairs and prints every row. Times are CPU times of whole process
 * trees from the kernel's counters; only ratios within one run mean anything. Peers are installed on first use and never belong to the product.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { closeBench, firstRows, openBench } from "./bench/first-rows.ts";
import { type BenchRow, measureRow, median } from "./bench/row.ts";

const { values: flags } = parseArgs({ options: { only: { type: "string" }, json: { type: "boolean", default: false } } });
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const folder = mkdtempSync(join(tmpdir(), "bench-"));
const rows: BenchRow[] = [];
const bench = await openBench(folder, say);
try {
  const wanted = flags.only?.split(",");
  for (const plan of firstRows(bench)) {
    if (wanted && !wanted.some((id) => plan.id.startsWith(id))) continue;
    const row = await measureRow(plan);
    rows.push(row);
    if (flags.json) say(describe(row));
    else console.log(describe(row));
  }
} finally {
  await closeBench(bench);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
const machine = {
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memoryGib: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  node: process.version,
};
if (flags.json) console.log(JSON.stringify({ machine, rows }));
else console.log(`${rows.length} rows on ${machine.cores} cores, ${machine.memoryGib} GiB, Node ${machine.node}`);
process.exit(0);

function describe(row: BenchRow): string {
  const peer = row.ratio === null ? "" : `, ${row.peer} ${median(row.peerValues).toFixed(1)}: ${row.ratio.toFixed(2)}x`;
  const budget = row.budget === null ? "" : ` (budget ${row.budget}: ${row.holds ? "holds" : "missed"})`;
  return `${row.id.padEnd(24)} ours ${median(row.ours).toFixed(1)} ${row.unit}${peer}${budget}\n${" ".repeat(25)}${row.what}`;
}
