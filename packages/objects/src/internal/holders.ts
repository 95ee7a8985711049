/**
 * Who relies on what: each holder leaves a marker `open/<holder>/<hex>.<n>` for an artifact that it reads, and for a blob or artifact that it is taking in.
 * A holder is a process (pid, start time, boot) and one opener in it; a holder whose process has ended counts for nothing and is swept.
 */
import { mkdirSync, rmSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { identityOf, isRunning, type Random, randomInteger } from "@modelyard/core";
import type { Layout } from "./layout.ts";

/** The markers of one opener. */
export class Holder {
  readonly #folder: string;
  #count = 0;

  constructor(layout: Layout, random: Random) {
    this.#folder = join(layout.open, holderName(random));
    mkdirSync(this.#folder, { recursive: true });
  }

  /** Marks a digest as in use; the result takes the mark back. */
  async hold(digest: string): Promise<() => Promise<void>> {
    const marker = join(this.#folder, `${digest.slice("sha256:".length)}.${this.#count++}`);
    await writeMarker(marker, this.#folder);
    return () => rm(marker, { force: true });
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A name that no other holder has, and that says whether its process still runs. */
export function holderName(random: Random): string {
  const { pid, startTime, bootId } = identityOf(process.pid) ?? { pid: process.pid, startTime: "", bootId: "" };
  return [pid, startTime, bootId, randomInteger(random, 2 ** 32).toString(16)].join("_");
}

/** Whether the process of a holder still runs. */
export function isAlive(name: string): boolean {
  const [, startTime = "", bootId = ""] = name.split("_");
  return isRunning({ pid: pidOf(name), startTime, bootId });
}

/** The process of a holder. */
export function pidOf(name: string): number {
  return Number(name.split("_")[0]);
}

/** Makes an empty file; its folder, a cache of a bucket, may have been deleted meanwhile. */
export async function writeMarker(path: string, folder: string): Promise<void> {
  try {
    await writeFile(path, "", { mode: 0o600 });
  } catch (error) {
    if (!isMissing(error)) throw error;
    await mkdir(folder, { recursive: true });
    await writeFile(path, "", { mode: 0o600 });
  }
}

/** Names in a folder; none where there is no folder. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Digests that some live holder relies on. Sweeps the markers of the dead. */
export async function heldDigests(layout: Layout): Promise<ReadonlySet<string>> {
  const held = new Set<string>();
  for (const name of await namesIn(layout.open)) {
    const folder = join(layout.open, name);
    if (!isAlive(name)) {
      await rm(folder, { recursive: true, force: true });
      continue;
    }
    for (const marker of await namesIn(folder)) held.add(`sha256:${marker.split(".")[0]}`);
  }
  return held;
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
