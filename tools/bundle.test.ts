import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "./bundle.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "modelyard-bundle-"));
  await bundle(folder);
});
afterAll(() => rm(folder, { recursive: true }));

/** What a file of the bundle imports before anything of it runs, and what these do. */
async function reachedFrom(file: string, seen: Set<string> = new Set()): Promise<Set<string>> {
  const text = await readFile(join(folder, file), "utf8");
  for (const [, specifier = ""] of text.matchAll(/^import (?:.* from )?"([^"]+)";$/gm)) {
    if (seen.has(specifier)) continue;
    seen.add(specifier);
    if (specifier.startsWith("./")) await reachedFrom(specifier, seen);
  }
  return seen;
}

describe("the bundle", () => {
  test.each([
    ["serving-program.js", 25],
    ["run-worker.js", 10],
    ["prepare-child.js", 15],
    ["parent-watch.js", 5],
    ["sqlite-worker.js", 10],
  ])("%s is few files and waits for no package of npm", async (program, most) => {
    const reached = [...(await reachedFrom(program))].filter((specifier) => !specifier.startsWith("node:"));
    expect(reached.filter((specifier) => !specifier.startsWith("./"))).toEqual([]);
    expect(reached.length).toBeLessThan(most);
  });

  test("main.js waits for no more of npm than the parser of the command line", async () => {
    const packages = [...(await reachedFrom("main.js"))].filter((specifier) => !/^(node:|\.)/.test(specifier));
    expect(packages).toEqual(["commander"]);
  });

  test("has everything in one folder, one below the package", async () => {
    const found = await readdir(folder, { withFileTypes: true });
    expect(found.filter((one) => !one.isFile())).toEqual([]);
  });
});
