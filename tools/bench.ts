/**
 * `npm run bench [-- --only IDS] [--json] [--publish]`: measures us beside peers in alternating pairs and prints every row. Times are CPU times of whole
 * process trees from the kernel's counters; only ratios within one run mean anything. Peers are installed on first use and never belong to the product.
 * `--only` takes beginnings of ids, separated by commas; `--publish` writes docs/performance.md from a full run. Every row with all of its samples is kept
 * in results/bench/last-run.json as soon as it is measured. Status 1: a row could not be measured.
 *
 * Peers from Debian that forward (HAProxy, nghttpx) have no rows: routing between servers is not a part of the product yet, and what is compared has to
 * do the same.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeMachine } from "./bench/machine.ts";
import { pageOf } from "./bench/publish.ts";
import { type BenchRow, groupThatFailed, measureRow, type RowGroup } from "./bench/row.ts";
import { lineOf } from "./bench/row-text.ts";
import { groups } from "./bench/rows/groups.ts";
import { root } from "./repository.ts";

const { values: flags } = parseArgs({
  options: { only: { type: "string" }, json: { type: "boolean", default: false }, publish: { type: "boolean", default: false } },
});
if (flags.publish && flags.only !== undefined) throw new Error("--publish writes the page of a full run: leave --only out");
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const wanted = flags.only?.split(",");
const isWanted = (id: string): boolean => wanted === undefined || wanted.some((one) => id.startsWith(one));
const folder = mkdtempSync(join(tmpdir(), "bench-"));
const results = join(root, "results", "bench");
mkdirSync(results, { recursive: true });
const machine = describeMachine();
const rows: BenchRow[] = [];
try {
  for (const group of groups) if (isWantedGroup(group)) await measureGroup(group);
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
if (flags.publish) writeFileSync(join(root, "docs/performance.md"), pageOf({ machine, rows }, groups));
if (flags.json) console.log(JSON.stringify({ machine, rows }));
else console.log(`${rows.length} rows on ${machine.cores} cores, ${machine.memoryGib} GiB, Node ${machine.node}`);
process.exit(rows.some(({ missing }) => missing !== undefined) ? 1 : 0);

/** Its servers are started for its rows alone. */
async function measureGroup(group: RowGroup): Promise<void> {
  const own = mkdtempSync(join(folder, "group-"));
  const open = await group.open({ folder: own, results, say }).catch((error: unknown) => {
    keep(groupThatFailed(group, error));
    return undefined;
  });
  if (!open) return;
  try {
    for (const plan of open.rows.filter(({ id }) => isWanted(id))) {
      keep(await measureRow(plan, group.title));
    }
  } finally {
    await open.close();
  }
}

function keep(row: BenchRow): void {
  rows.push(row);
  writeFileSync(join(results, "last-run.json"), JSON.stringify({ machine, rows }, null, 1));
  const text = [lineOf(row), row.what, row.detail ?? []].flat().join(`\n${" ".repeat(4)}`);
  if (flags.json) say(text);
  else console.log(text);
}

function isWantedGroup({ ids }: RowGroup): boolean {
  return ids.some((id) => isWanted(id) || wanted?.some((one) => one.startsWith(id)));
}
