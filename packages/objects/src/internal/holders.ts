/**
 * Who reads what: each opener leaves a marker `open/<holder>/<hex>.<n>`. A holder is a process (pid, start time, boot) and one opener in it;
 * a holder whose process has ended counts for nothing and is swept.
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
    const identity = identityOf(process.pid) ?? { pid: process.pid, startTime: "", bootId: "" };
    const name = [identity.pid, identity.startTime, identity.bootId, randomInteger(random, 2 ** 32).toString(16)].join("_");
    this.#folder = join(layout.open, name);
    mkdirSync(this.#folder, { recursive: true });
  }

  /** Marks a digest as in use; the result takes the mark back. */
  async hold(digest: string): Promise<() => Promise<void>> {
    const marker = join(this.#folder, `${digest.slice("sha256:".length)}.${this.#count++}`);
    await writeFile(marker, "", { mode: 0o600 }).catch(async (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      // The folder, a cache of a bucket, was deleted meanwhile.
      await mkdir(this.#folder, { recursive: true });
      await writeFile(marker, "", { mode: 0o600 });
    });
    return () => rm(marker, { force: true });
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Digests that some live holder has open. Sweeps the markers of the dead. */
export async function heldDigests(layout: Layout): Promise<ReadonlySet<string>> {
  const held = new Set<string>();
  await mkdir(layout.open, { recursive: true });
  for (const name of await readdir(layout.open)) {
    const [pid = "", startTime = "", bootId = ""] = name.split("_");
    const folder = join(layout.open, name);
    if (!isRunning({ pid: Number(pid), startTime, bootId })) {
      await rm(folder, { recursive: true, force: true });
      continue;
    }
    for (const marker of await readdir(folder)) held.add(`sha256:${marker.split(".")[0]}`);
  }
  return held;
}
