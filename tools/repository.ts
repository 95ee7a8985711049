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

/** Status of a program that did not end within its limit, as that of `timeout`. */
export const killedStatus = 124;

/** Options of {@link capture}. */
export interface CaptureOptions {
  /** More variables of its environment. Default none. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads from its standard input. Default nothing. */
  readonly input?: string;
  /** How long it may run; then it is killed, its status is {@link killedStatus}, and its output says so. Default one hour. */
  readonly limitMs?: number;
}

/** Runs a program and keeps what it printed. */
export function capture(command: string, args: readonly string[], options: CaptureOptions = {}): Promise<Outcome> {
  const { env, input = "", limitMs = 3_600_000 } = options;
  const child = spawn(command, args, {
    cwd: root,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0", ...env },
  });
  // A program that ends without reading: its status and words say the rest.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  let [output, stdout] = ["", ""];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  return new Promise((done, fail) => {
    const limit = setTimeout(() => {
      child.kill("SIGKILL");
      // Programs that it started may hold the pipes open.
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      done({ status: killedStatus, output: `${output}\n${command} did not end within ${limitMs} ms and was killed`, stdout });
    }, limitMs).unref();
    child.once("error", fail);
    child.once("close", (code, signal) => {
      clearTimeout(limit);
      done({ status: statusOf(code, signal), output, stdout });
    });
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
