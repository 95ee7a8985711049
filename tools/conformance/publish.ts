/** Writes `docs/conformance.md` anew. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../repository.ts";
import { compareServers } from "./compare-servers.ts";
import { report } from "./report.ts";

/** Path of the page in the repository. */
export const pagePath = "docs/conformance.md";

/** Compares the servers and writes the page. */
export async function publish(say: (line: string) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "conformance-"));
  try {
    writeFileSync(join(root, pagePath), report(await compareServers(folder, say)));
    say(`${pagePath} is written`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
