/**
 * Starts child processes that run what came from outside. Nothing of ours is in their environment, their memory is limited where the shell can do
 * that, the end of what they write to stderr is kept, and they keep this process alive only while they have something to do.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { Log } from "@modelyard/core";
import { canLimitMemory, type Launch, launchWithin } from "./memory-limit.ts";

/** What is started, and how. */
export interface ChildLauncherOptions {
  /** The program, by its name in the imports of this package. */
  readonly entry: `#${string}`;
  /** Private memory of a child, about 1 GiB of Node's own included. */
  readonly memoryBytes: number;
  /** How messages cross: `advanced` also takes bytes. */
  readonly serialization: "json" | "advanced";
  readonly log: Log;
}

/** The end of a child. */
export interface ChildEnd {
  /** How it ended, or why it did not start. */
  readonly how: string;
  readonly signal: NodeJS.Signals | null;
}

/** A child that was started. */
export interface ChildProgram {
  readonly process: ChildProcess;
  /** Never rejects. */
  readonly ended: Promise<ChildEnd>;
  /** The end of what it wrote to stderr. */
  stderr(): string;
}

const maxStderrLength = 2000;

/** See the module. */
export class ChildLauncher {
  readonly #options: ChildLauncherOptions;
  #isLimited: boolean | undefined;

  constructor(options: ChildLauncherOptions) {
    this.#options = options;
  }

  start(): ChildProgram {
    const { serialization } = this.#options;
    const { command, arguments: words } = this.#launch();
    const child = spawn(command, words, { stdio: ["ignore", "ignore", "pipe", "ipc"], env: {}, serialization });
    // What it may still say is nothing to wait for.
    if (child.stderr instanceof Socket) child.stderr.unref();
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-maxStderrLength);
    });
    const ended = new Promise<ChildEnd>((resolve) => {
      child.on("error", (error) => resolve({ how: error.message, signal: null }));
      child.once("exit", (status, signal) => resolve({ how: signal ? `ended by ${signal}` : `exited with status ${status}`, signal }));
    });
    return { process: child, ended, stderr: () => stderr };
  }

  #launch(): Launch {
    const { entry, memoryBytes, log } = this.#options;
    const program = fileURLToPath(import.meta.resolve(entry));
    const plain: Launch = { command: process.execPath, arguments: [...conditionArguments(process.execArgv), program] };
    this.#isLimited ??= canLimitMemory(memoryBytes);
    if (this.#isLimited) return launchWithin(memoryBytes, plain);
    log.warn("a child process runs without a memory limit: the shell cannot set one", { entry, limitBytes: memoryBytes });
    return plain;
  }
}

/** Only a child with something to do keeps this process alive. */
export function keepAlive(child: ChildProcess, isBusy: boolean): void {
  if (isBusy) {
    child.ref();
    child.channel?.ref();
  } else {
    child.unref();
    child.channel?.unref();
  }
}

/** The arguments that choose between sources and build, in either of their forms (`--conditions=x`, `-C x`): the child must make the same choice. */
function conditionArguments(execArgv: readonly string[]): readonly string[] {
  const isCondition = (argument: string | undefined): boolean => argument === "-C" || argument === "--conditions";
  return execArgv.filter(
    (argument, index) => argument.startsWith("--conditions=") || isCondition(argument) || isCondition(execArgv[index - 1]),
  );
}
