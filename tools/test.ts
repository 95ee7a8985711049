/**
 * `npm test [-- FILTER…]`: builds, then runs every test (or those whose file matches a filter), and ends with the counts on one line.
 * With `MODELYARD_REQUIRE_PARTS=1`, as in CI, a skipped test is a failure: the real parts it needs must be installed.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { build } from "./build.ts";
import { program, root, run } from "./repository.ts";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Fewer tests than this in a whole run: the runner did not see the repository. */
const floor = 1500;
const filters = process.argv.slice(2);
const reportFile = join(root, ".cache", "tests.json");

process.exitCode = (await build()) || (await test());

async function test(): Promise<number> {
  mkdirSync(join(root, ".cache"), { recursive: true });
  rmSync(reportFile, { force: true });
  const status = await run(program("vitest"), [
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${reportFile}`,
    ...filters,
  ]);
  const report = JSON.parse(readFileSync(reportFile, "utf8")) as Report;
  const skipped = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter((one) => one.status !== "passed" && one.status !== "failed")
      .map(({ fullName }) => `${relative(root, name)}: ${fullName}`),
  );
  for (const one of skipped) console.log(`skipped: ${one}`);
  const tooFew = filters.length === 0 && report.numPassedTests < floor;
  if (tooFew) console.log(`test: only ${report.numPassedTests} tests passed where at least ${floor} are expected`);
  const mustNotSkip = process.env["MODELYARD_REQUIRE_PARTS"] === "1" && skipped.length > 0;
  if (mustNotSkip) console.log("test: a test was skipped although every part must be there (MODELYARD_REQUIRE_PARTS=1)");
  console.log(`tests: ${report.numPassedTests} passed, ${report.numFailedTests} failed, ${skipped.length} skipped`);
  return status || (tooFew || mustNotSkip ? 1 : 0);
}
