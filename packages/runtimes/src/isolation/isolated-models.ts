/** The models of a serving process that run in processes of their own: no more than so many. */
import { type Clock, failure, type Log } from "@modelyard/core";
import type { ChildLauncher } from "../children/child-launcher.ts";
import { IsolatedModel, type IsolatedModelOptions } from "./isolated-model.ts";

/** What isolated models work with. */
export interface IsolationDeps {
  readonly launcher: ChildLauncher;
  readonly clock: Clock;
  readonly log: Log;
  /** Most runs of one model that are not answered; more are refused with `LIMIT_EXCEEDED`. */
  readonly maxQueued: number;
}

/** See the module. */
export class IsolatedModels {
  readonly #deps: IsolationDeps;
  readonly #maxProcesses: number;
  readonly #models = new Set<IsolatedModel>();

  constructor(deps: IsolationDeps, maxProcesses: number) {
    this.#deps = deps;
    this.#maxProcesses = maxProcesses;
  }

  /** Opens one in a process. Rejects with `PROCESSES_EXHAUSTED`, or as a load does. */
  async open(options: Omit<IsolatedModelOptions, "onClosed">): Promise<IsolatedModel> {
    if (this.#models.size >= this.#maxProcesses) throw failure("PROCESSES_EXHAUSTED", { limit: this.#maxProcesses });
    const model: IsolatedModel = new IsolatedModel({ ...options, onClosed: () => this.#models.delete(model) }, this.#deps);
    this.#models.add(model);
    try {
      await model.ready();
      return model;
    } catch (error) {
      await model.close();
      throw error;
    }
  }

  /** Ends every process; idempotent. */
  async close(): Promise<void> {
    await Promise.all([...this.#models].map((model) => model.close()));
  }
}
