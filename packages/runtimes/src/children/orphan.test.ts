import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, vi } from "vitest";
import { isAlive } from "../testing/is-alive.ts";

it.each([
  ["a prepare child", "../prepare/testing/preparing-program.ts"],
  ["a model's own process", "../isolation/testing/isolating-program.ts"],
])("%s in a run that never ends goes with its parent, even when that is killed", async (_what, path) => {
  const program = fileURLToPath(new URL(path, import.meta.url));
  const dir = await mkdtemp(join(tmpdir(), "modelyard-orphan-"));
  try {
    const parent = spawn(process.execPath, ["--conditions=modelyard-source", program, dir], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const child = Number(line.toString());
    expect(isAlive(child)).toBe(true);
    parent.kill("SIGKILL");
    await vi.waitFor(() => expect(isAlive(child)).toBe(false), { timeout: 10_000, interval: 50 });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
