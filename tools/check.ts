/** `npm run check [-- NAME…]`: every check of the repository, one after the other; status 1 when one finds something or saw too little. */
import { checkDocs } from "./check/docs.ts";
import { checkLayers } from "./check/layers.ts";
import { checkDeadCode, checkFormat, checkLint, checkTypes } from "./check/programs.ts";
import type { CheckResult } from "./check/result.ts";
import { checkSizes } from "./check/sizes.ts";

const checks: Readonly<Record<string, () => CheckResult | Promise<CheckResult>>> = {
  types: checkTypes,
  lint: checkLint,
  format: checkFormat,
  layers: checkLayers,
  "dead-code": checkDeadCode,
  sizes: checkSizes,
  docs: checkDocs,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in checks));
if (unknown.length > 0) {
  console.error(`check: there is no check "${unknown.join('", "')}"; there are ${Object.keys(checks).join(", ")}`);
  process.exit(2);
}
for (const [name, check] of Object.entries(checks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const started = performance.now();
  const result = await check();
  if (!report(result, performance.now() - started)) process.exitCode = 1;
}

function report(result: CheckResult, elapsedMs: number): boolean {
  const { name, examined, unit, floor, findings } = result;
  const tooFew = examined < floor ? [`examined ${examined} ${unit} where at least ${floor} are expected`] : [];
  const problems = [...findings, ...tooFew];
  const verdict = problems.length === 0 ? "ok" : "FAILED";
  console.log(`${name.padEnd(10)} ${verdict.padEnd(6)} ${examined} ${unit} examined in ${(elapsedMs / 1000).toFixed(1)} s`);
  for (const problem of problems) console.log(`  ${problem}`);
  return problems.length === 0;
}
