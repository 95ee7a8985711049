/** A Python program beside a bench: it prints a line for each that it is asked, and stays until it is stopped or the bench ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type PythonEnvironment, pythonOf } from "../python-environment.ts";

/** What to run: a file of `tools/bench/python`. */
export interface PythonCommand {
  readonly environment: PythonEnvironment;
  readonly script: string;
  readonly args: readonly string[];
}

/** See the module. */
export class PythonProgram {
  readonly #script: string;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(script: string, { child, lines }: { readonly child: ChildProcess; readonly lines: AsyncIterator<string> }) {
    this.#script = script;
    this.#child = child;
    this.#lines = lines;
  }

  static async start({ environment, script, args }: PythonCommand): Promise<PythonProgram> {
    const path = join(import.meta.dirname, "python", script);
    const child = spawn(await pythonOf(environment), [path, ...args], { stdio: ["pipe", "pipe", "inherit"] });
    // A program that did not start or has ended is told by the end of its output.
    child.on("error", () => {});
    child.stdin.on("error", () => {});
    return new PythonProgram(script, { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() });
  }

  /** The next line that it prints. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.#script} ended with ${this.#child.exitCode ?? this.#child.signalCode}`);
    return value;
  }

  /** The line that it prints for one. */
  ask(line: string): Promise<string> {
    this.#child.stdin?.write(`${line}\n`);
    return this.line();
  }

  async stop(): Promise<void> {
    // It never started: nothing would tell of its end.
    if (this.#child.pid === undefined) return;
    const ended = once(this.#child, "exit");
    this.#child.stdin?.end();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await ended;
  }
}
