/** Program of the kill test: takes each folder below a source folder in, over and over, and prints each digest when it is acknowledged. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { silentLog, systemClock, systemRandom } from "@modelyard/core";
import { openArtifactStore } from "../artifact-store.ts";

const [directory = "", sources = ""] = process.argv.slice(2);
const store = await openArtifactStore({ directory, clock: systemClock(), log: silentLog(), random: systemRandom() });
const names = readdirSync(sources);
for (let index = Math.floor(Math.random() * names.length); ; index = (index + 1) % names.length) {
  const artifact = await store.ingest({ kind: "file", path: join(sources, names[index] ?? "") });
  process.stdout.write(`${artifact.digest}\n`);
  await store.collectGarbage(() => true, { minAgeMs: 0 });
}
