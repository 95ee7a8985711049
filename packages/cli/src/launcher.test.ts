import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { identityOf, isRunning } from "@modelyard/core";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ReadyFacts } from "./supervisor/supervisor.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const bin = fileURLToPath(new URL("../bin/modelyard.mjs", import.meta.url));

/** A Node of this machine that is too old for the product; undefined when there is none. */
function oldNode(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  return folders
    .map((folder) => join(folder, "node"))
    .find((node) => {
      const { stdout, status } = spawnSync(node, ["-p", "process.versions.node"], { encoding: "utf8" });
      return status === 0 && Number.parseInt(stdout, 10) >= 18 && Number.parseInt(stdout, 10) < 24;
    });
}

const nodes: readonly (readonly [label: string, node: string | undefined])[] = [
  ["the packaged Node", process.execPath],
  ["an older Node of the machine", oldNode()],
];

describe.each(nodes)("bin/modelyard.mjs under %s", (_label, node = "") => {
  it.skipIf(node === "")("starts the command under Node 24 and passes its output and status on", () => {
    const version = spawnSync(node, [bin, "version", "--output", "json"], { encoding: "utf8" });
    expect(JSON.parse(version.stdout)).toMatchObject({ node: expect.stringMatching(/^(2[4-9]|[3-9]\d)\./) });
    expect(spawnSync(node, [bin, "nonsense"], { encoding: "utf8" })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("unknown command"),
    });
  });

  it.skipIf(node === "")("ends the server it started when it is told to, and leaves nothing behind", async () => {
    const { child, ready } = await up(node);
    const processes = [ready.pids.supervisor, ready.pids.control, ...ready.pids.serving].map((pid) => identityOf(pid));
    child.kill("SIGTERM");
    const [status] = await once(child, "exit");
    expect(status).toBe(0);
    expect(processes.map((one) => one && isRunning(one))).toEqual([false, false, false]);
  });

  it.skipIf(node === "")("counts two interrupts within a second as one", async () => {
    const { child } = await up(node);
    child.kill("SIGINT");
    child.kill("SIGINT");
    const [status] = await once(child, "exit");
    expect(status).toBe(0);
  });
});

async function up(node: string): Promise<{ readonly child: ChildProcess; readonly ready: ReadyFacts }> {
  const args = [bin, "up", "--data", temporaryFolder(), "--port", "0", "--control-port", "0"];
  const child = spawn(node, args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGTERM"));
  const prefix = "modelyard ready ";
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith(prefix)) {
      child.stdout.resume();
      return { child, ready: JSON.parse(line.slice(prefix.length)) as ReadyFacts };
    }
  }
  throw new Error("the server did not start");
}
