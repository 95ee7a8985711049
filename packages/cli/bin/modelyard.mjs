#!/usr/bin/env node
// Starts the modelyard command under the Node that comes with the package, whatever Node is installed.
// Plain JavaScript without imports from npm: it must start on any Node from 18 on.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const MINIMUM_MAJOR = 24;
// A terminal and npm both pass one Ctrl-C on.
const ONE_INTERRUPT_MS = 1_000;

const packageDir = dirname(dirname(fileURLToPath(import.meta.url)));
const built = join(packageDir, "bundle", "main.js");
const entry = existsSync(built) ? [built] : ["--conditions=modelyard-source", join(packageDir, "src", "main.ts")];
const node = usableNode();
const command = [node, ...entry, ...process.argv.slice(2)];

if (typeof process.execve === "function" && !process.connected) {
  process.execve(node, command, process.env);
} else {
  run();
}

/** The packaged Node nearest to this package; else the running one when it is new enough. */
function usableNode() {
  for (let dir = packageDir; ; dir = dirname(dir)) {
    const packaged = join(dir, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
    if (existsSync(packaged)) return packaged;
    if (dirname(dir) === dir) break;
  }
  if (Number.parseInt(process.versions.node, 10) >= MINIMUM_MAJOR) return process.execPath;
  console.error(
    `modelyard: Node ${MINIMUM_MAJOR} or later is needed, this is ${process.version}, and none is packaged for ${process.platform}-${process.arch}. Install Node ${MINIMUM_MAJOR}, then try again.`,
  );
  process.exit(1);
}

/** Where a process cannot replace itself: a child on our terminal, which gets our signals and gives us its exit status. */
function run() {
  const child = spawn(command[0], command.slice(1), { stdio: "inherit" });
  let interruptedMs = Number.NEGATIVE_INFINITY;
  process.on("SIGINT", () => {
    const nowMs = performance.now();
    // On a terminal the child has it already: it is in the same process group.
    const isRepeat = nowMs - interruptedMs < ONE_INTERRUPT_MS;
    interruptedMs = nowMs;
    if (!isRepeat && !process.stdin.isTTY) child.kill("SIGINT");
  });
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.once("error", (error) => {
    console.error(`modelyard: Node could not be started: ${error.message}`);
    process.exit(1);
  });
  child.once("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
