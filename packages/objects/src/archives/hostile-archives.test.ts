import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog, systemClock, systemRandom } from "@modelyard/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openArtifactStore } from "../artifact-store.ts";
import { hostileArchives } from "../testing/hostile-archives.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hostile-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Every name below a folder, with the sizes of files; markers of readers aside. */
async function snapshot(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const lines = entries.map(async (entry) => {
    const at = join(entry.parentPath, entry.name);
    return entry.isFile() ? `${at} ${(await stat(at)).size}` : at;
  });
  return (await Promise.all(lines)).filter((line) => !line.includes("/open")).toSorted();
}

describe("ingest() of a hostile archive", () => {
  test("the archives are at least 60, each with a name of its own", () => {
    expect(new Set(hostileArchives.map(({ id }) => id)).size).toBe(hostileArchives.length);
    expect(hostileArchives.length).toBeGreaterThanOrEqual(60);
  });

  test.each(hostileArchives)("refuses $id by name and leaves the store as it was", async ({ build, reason, says, limits }) => {
    const directory = join(folder, "objects");
    const deps = { clock: systemClock(), log: silentLog(), random: systemRandom() };
    const store = await openArtifactStore({ directory, ...deps, ...(limits ? { archiveLimits: limits } : {}) });
    const path = join(folder, "model.archive");
    await writeFile(path, build());
    const before = await snapshot(folder);
    const residentBefore = process.memoryUsage.rss();
    const refusal = await store.ingest({ kind: "file", path }, { unpack: "always" }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ reason });
    for (const part of says) expect(String(refusal)).toContain(part);
    expect(await snapshot(folder)).toEqual(before);
    expect(process.memoryUsage.rss() - residentBefore).toBeLessThan(192 * 2 ** 20);
    await store.close();
  });
});
