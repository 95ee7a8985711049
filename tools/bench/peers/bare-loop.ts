/**
 * ONNX Runtime in a bare Python loop, the floor of every server. It stays between its samples and runs for as long as it is asked to: a sample beside
 * one of a server is over within a tenth of a second, so that what another tenant of the machine takes is taken from both.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { sharedModel } from "../../acceptance/harness/shared-data.ts";
import { pythonOf } from "../../python-environment.ts";

/** See the module. Started when it is first asked. */
export class BareLoop {
  #running: Promise<Running> | undefined;

  /** CPU microseconds of a run, over so many. */
  async microsOf(runs: number): Promise<number> {
    this.#running ??= start();
    const { child, lines } = await this.#running;
    child.stdin?.write(`${runs}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`the bare loop ended with ${child.exitCode ?? child.signalCode}`);
    return Number(value);
  }

  async stop(): Promise<void> {
    const running = await this.#running?.catch(() => undefined);
    if (!running) return;
    const { child } = running;
    const ended = once(child, "exit");
    child.stdin?.end();
    if (child.exitCode === null && child.signalCode === null) await ended;
  }
}

interface Running {
  readonly child: ChildProcess;
  readonly lines: AsyncIterator<string>;
}

async function start(): Promise<Running> {
  const script = join(import.meta.dirname, "..", "python", "bare_loop.py");
  const args = [script, sharedModel("mnist/mnist.onnx"), sharedModel("mnist/cases.json")];
  const child = spawn(await pythonOf("onnxruntime"), args, { stdio: ["pipe", "pipe", "inherit"] });
  // A loop that has ended is told by the end of its output.
  child.stdin.on("error", () => {});
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}
