/** Gives a hostile archive to an artifact store and tells what became of it: refused or not, why, and what it left behind. */
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PlatformError, silentLog, systemClock, systemRandom } from "@modelyard/core";
import { openArtifactStore } from "../artifact-store.ts";
import type { HostileArchive } from "./hostile-archives.ts";

/** What became of an archive. */
export interface HostileOutcome {
  /** Undefined when it was taken in. */
  readonly refusal: { readonly reason: string; readonly message: string } | undefined;
  /** Names below the folder, with sizes, that were not there before or are no longer. */
  readonly changes: readonly string[];
  /** Growth of this process's resident memory. */
  readonly residentBytes: number;
}

/** Tries one, in a folder of its own that is empty or holds what an earlier try left. */
export async function tryHostileArchive({ build, limits }: HostileArchive, folder: string): Promise<HostileOutcome> {
  const directory = join(folder, "objects");
  await mkdir(folder, { recursive: true });
  const deps = { clock: systemClock(), log: silentLog(), random: systemRandom() };
  const store = await openArtifactStore({ directory, ...deps, ...(limits ? { archiveLimits: limits } : {}) });
  const path = join(folder, "model.archive");
  await writeFile(path, build());
  const before = await snapshot(folder);
  const residentBefore = process.memoryUsage.rss();
  const error = await store.ingest({ kind: "file", path }, { unpack: "always" }).then(
    () => undefined,
    (refused: unknown) => PlatformError.from(refused),
  );
  const residentBytes = process.memoryUsage.rss() - residentBefore;
  const after = await snapshot(folder);
  await store.close();
  const changes = [...after.filter((line) => !before.includes(line)), ...before.filter((line) => !after.includes(line))];
  return { refusal: error && { reason: error.reason, message: error.message }, changes, residentBytes };
}

/** Every name below a folder, with the sizes of files; markers of readers aside. */
async function snapshot(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const lines = entries.map(async (entry) => {
    const at = join(entry.parentPath, entry.name);
    return entry.isFile() ? `${at} ${(await stat(at)).size}` : at;
  });
  return (await Promise.all(lines)).filter((line) => !line.includes("/open")).toSorted();
}
