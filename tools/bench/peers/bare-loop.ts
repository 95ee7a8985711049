/**
 * ONNX Runtime in a bare Python loop, the floor of every server. It stays between its samples and runs for as long as it is asked to: a sample beside
 * one of a server is over within a tenth of a second, so that what another tenant of the machine takes is taken from both.
 */
import { sharedModel } from "../../acceptance/harness/shared-data.ts";
import { PythonProgram } from "../python-program.ts";

/** See the module. Started when it is first asked. */
export class BareLoop {
  #running: Promise<PythonProgram> | undefined;

  /** CPU microseconds of a run, over so many. */
  async microsOf(runs: number): Promise<number> {
    const args = [sharedModel("mnist/mnist.onnx"), sharedModel("mnist/cases.json")];
    this.#running ??= PythonProgram.start({ environment: "onnxruntime", script: "bare_loop.py", args });
    return Number(await (await this.#running).ask(String(runs)));
  }

  async stop(): Promise<void> {
    const running = await this.#running?.catch(() => undefined);
    await running?.stop();
  }
}
