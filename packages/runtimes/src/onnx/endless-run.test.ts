import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readPostMortem } from "../journal/post-mortem.ts";
import { runWatched } from "../journal/testing/watched-program.ts";

const program = fileURLToPath(new URL("testing/endless-run-program.ts", import.meta.url));

describe("a run that never ends in a serving process", () => {
  it.each(["inline", "worker"])(
    "(%s) ends the process after its limit and is named by the post-mortem",
    async (placement) => {
      const dir = mkdtempSync(join(tmpdir(), "modelyard-endless-"));
      const path = join(dir, "running");
      const result = await runWatched(program, path, placement);
      const report = readPostMortem(path, { atMs: 1, signal: "SIGKILL" });
      // Printed by the program, which cannot clean up after itself.
      const said = JSON.parse(result.stdout) as { readonly dir: string; readonly placement: string };
      for (const left of [dir, said.dir]) rmSync(left, { recursive: true, force: true });
      expect(said.placement).toBe(placement);
      expect(result).toMatchObject({ signal: "SIGKILL", wasStuck: placement === "inline" });
      expect(report).toMatchObject({ modelId: "endless", kind: "hang", phase: "run", error: { reason: "RUNTIME_CRASHED" } });
    },
    30_000,
  );
});
