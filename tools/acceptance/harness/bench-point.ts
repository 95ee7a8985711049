/** Proof points that are rows of the benchmark: all of them measured, in pairs, and within their budgets. */
import { join } from "node:path";
import type { BenchRow } from "../../bench/row.ts";
import { lineOf } from "../../bench/row-text.ts";
import { capture, root } from "../../repository.ts";
import type { Measurement, PointContext } from "../point.ts";

/** Measures the rows whose ids begin with one of these, by `npm run bench -- --json --only IDS`. */
export async function measureBench({ say }: PointContext, ids: readonly string[]): Promise<Measurement> {
  const { status, stdout, output } = await capture(process.execPath, [
    "--conditions=modelyard-source",
    join(root, "tools/bench.ts"),
    "--json",
    "--only",
    ids.join(","),
  ]);
  const line = stdout.split("\n").find((text) => text.startsWith('{"machine"'));
  if (!line) return { measured: `bench ended with ${status}`, holds: false, details: output.split("\n").slice(-15) };
  const { rows } = JSON.parse(line) as { readonly rows: readonly BenchRow[] };
  for (const row of rows) say(lineOf(row));
  const unmeasured = ids.filter((id) => !rows.some((row) => row.id.startsWith(id)));
  const judged = rows.filter(({ holds }) => holds !== null);
  const missed = judged.filter(({ holds }) => holds === false);
  return {
    measured: `${rows.length} rows, ${judged.length - missed.length} of ${judged.length} budgets hold`,
    holds: missed.length === 0 && unmeasured.length === 0,
    details: [
      ...unmeasured.map((id) => `${id}: not measured`),
      ...rows.flatMap((row) => [lineOf(row), ...(row.detail === undefined ? [] : [`  ${row.detail}`])]),
    ],
  };
}
