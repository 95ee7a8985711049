/** Where things are in the repository, and how tools run programs in it. */
import { spawn } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { join, resolve } from "node:path";

/** Root folder of the repository. */
export const root: string = resolve(import.meta.dirname, "..");

/** Absolute path of a program that a dependency brings. */
export function program(name: string): string {
  return join(root, "node_modules", ".bin", name);
}

/** Reads a file of the repository. */
export function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

const ignored = /(^|\/)(node_modules|dist|coverage|\.cache|gen|results)(\/|$)/;

/** Files that match any of the patterns, relative to the root, sorted; nothing built or installed. */
export function files(...patterns: readonly string[]): readonly string[] {
  const found = patterns.flatMap((pattern) => globSync(pattern, { cwd: root, exclude: (path) => ignored.test(String(path)) }));
  return [...new Set(found)].filter((path) => !ignored.test(path)).toSorted();
}

/** What a program did. */
export interface Outcome {
  readonly status: number;
  /** Both streams, as they came. */
  readonly output: string;
  /** Standard output alone. */
  readonly stdout: string;
}

/** Runs a program, with more variables in its environment if it needs some, and keeps what it printed. */
export function capture(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0", ...env },
  });
  let [output, stdout] = ["", ""];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code, signal) => done({ status: statusOf(code, signal), output, stdout }));
  });
}

/** Runs a program on our terminal and resolves with its exit status. It gets the signals we get. */
export function run(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { cwd: root, stdio: "inherit" });
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  // A terminal sends SIGINT to the child as well: passing it on would make one Ctrl-C two.
  const passed = (["SIGTERM", "SIGHUP", ...(process.stdin.isTTY ? [] : ["SIGINT" as const])] as const).map((signal) => {
    process.on(signal, pass);
    return signal;
  });
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code, signal) => {
      for (const name of passed) process.off(name, pass);
      done(statusOf(code, signal));
    });
  });
}

function statusOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal ? constants.signals[signal] : 0);
}
