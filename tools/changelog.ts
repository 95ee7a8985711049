/** `node tools/with-node.mjs tools/changelog.ts VERSION DATE`: moves the fragments of `changes/` into `CHANGELOG.md`, newest release first. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { files, read, root } from "./repository.ts";

const [version, date] = process.argv.slice(2);
const fragments = files("changes/*.md");
if (!version || !date || fragments.length === 0) {
  console.error("changelog: say which release, when there are fragments: tools/changelog.ts 0.2.0 2026-12-01");
  process.exit(2);
}
const changelog = join(root, "CHANGELOG.md");
const [head = "", ...older] = readFileSync(changelog, "utf8").split(/^(?=## )/m);
const release = `## ${version}, ${date}\n\n${fragments.map((path) => read(path).trim()).join("\n\n")}\n\n`;
writeFileSync(changelog, head + release + older.join(""));
for (const path of fragments) rmSync(join(root, path));
console.log(`changelog: ${fragments.length} fragments are now part of ${version}`);
