/**
 * `npm run acceptance [-- NAME…] [--json] [--ci]`: measures every proof point, or those named (a name or the part before its slash), and says of
 * each what was wanted, what was measured, and whether it holds. `--ci` takes those that belong to every CI run. Status 1 if one falls short.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { killStartedBy } from "./acceptance/harness/leftovers.ts";
import type { Measurement, Point, PointContext, PointScript } from "./acceptance/point.ts";
import { points } from "./acceptance/points.ts";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false }, ci: { type: "boolean", default: false } },
});
const chosen = points.filter(
  (point) => (!flags.ci || point.inCi) && (positionals.length === 0 || positionals.some((name) => isNamed(point, name))),
);
if (chosen.length === 0) {
  console.error(`acceptance: no point is named "${positionals.join('", "')}"; there are ${points.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
const results: (Point & Measurement & { readonly seconds: number })[] = [];
for (const point of chosen) {
  const started = performance.now();
  const measurement = await measure(point);
  const result = { ...point, ...measurement, seconds: Math.round((performance.now() - started) / 100) / 10 };
  results.push(result);
  if (!flags.json) print(result);
}
const held = results.filter(({ holds }) => holds).length;
if (flags.json)
  console.log(JSON.stringify({ points: results.map(({ script: _script, ...rest }) => rest), holds: held === results.length }));
else console.log(`acceptance: ${held} of ${results.length} points hold`);
process.exit(held === results.length ? 0 : 1);

function isNamed(point: Point, name: string): boolean {
  return point.name === name || point.name.startsWith(`${name}/`);
}

async function measure(point: Point): Promise<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), `acceptance-${point.name.replace("/", "-")}-`));
  const say = (line: string): void => void process.stderr.write(`  ${point.name}: ${line}\n`);
  try {
    const script = (await import(new URL(point.script, new URL("./acceptance/", import.meta.url)).href)) as PointScript;
    return await withinLimit(script, { folder, say, isCi: flags.ci });
  } catch (error) {
    return { measured: `failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, holds: false };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** A point that does not end falls short: what it started is named, with what it last said above, and killed. */
async function withinLimit(script: PointScript, context: PointContext): Promise<Measurement> {
  const limitMinutes = context.isCi ? 10 : 60;
  const over = Promise.withResolvers<Measurement>();
  const timer = setTimeout(() => {
    const details = killStartedBy(context.folder).map(({ pid, command }) => `still running then: ${pid} ${command.slice(0, 300)}`);
    over.resolve({ measured: `did not end within ${limitMinutes} minutes`, holds: false, details });
  }, limitMinutes * 60_000);
  try {
    return await Promise.race([script.measure(context), over.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function print({ name, wanted, measured, holds, details = [], seconds }: (typeof results)[number]): void {
  console.log(`${holds ? "holds      " : "FALLS SHORT"} ${name} (${seconds} s)\n  wanted:   ${wanted}\n  measured: ${measured}`);
  for (const line of details) console.log(`    ${line}`);
}
