import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hostileArchives } from "../testing/hostile-archives.ts";
import { tryHostileArchive } from "../testing/try-hostile-archive.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hostile-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("ingest() of a hostile archive", () => {
  test("the archives are at least 60, each with a name of its own", () => {
    expect(new Set(hostileArchives.map(({ id }) => id)).size).toBe(hostileArchives.length);
    expect(hostileArchives.length).toBeGreaterThanOrEqual(60);
  });

  test.each(hostileArchives)("refuses $id by name and leaves the store as it was", async (archive) => {
    const { refusal, changes, residentBytes } = await tryHostileArchive(archive, folder);
    expect(refusal?.reason).toBe(archive.reason);
    for (const part of archive.says) expect(refusal?.message).toContain(part);
    expect(changes).toEqual([]);
    expect(residentBytes).toBeLessThan(192 * 2 ** 20);
  });
});
