/** Makes the Python environments that tests use, so that none of them is skipped. Called by `.ci/run`, never by `npm test`. */
import { pythonOf } from "./python-environment.ts";

for (const name of ["tritonclient", "kserve", "perf_analyzer"] as const)
  console.log(`install: ${name}: ${(await pythonOf(name)) ? "there" : "missing"}`);
