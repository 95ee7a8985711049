/**
 * One run of a session in its three steps, so that those of several requests can be taken together: bind, run, results.
 *
 * Hot path. With the native binding a run is synchronous; the journal is told before and after.
 */
import type { Tensor } from "@modelyard/codec";
import type { InferRequest, InferResult } from "../contract.ts";
import type { RunMark, ThreadJournal } from "../journal/thread-journal.ts";
import type { OrtSession, OrtTensors } from "./ort-engine.ts";
import { runFailure } from "./run-failure.ts";
import type { BoundRequest, TensorBorder } from "./tensor-border.ts";

/** What {@link SessionRunner} works with. */
export interface SessionRunnerDeps {
  readonly session: Pick<OrtSession, "run">;
  readonly border: TensorBorder;
  readonly journal: ThreadJournal;
  readonly mark: RunMark;
}

/** See the module. */
export class SessionRunner {
  readonly #deps: SessionRunnerDeps;

  constructor(deps: SessionRunnerDeps) {
    this.#deps = deps;
  }

  /** All three. Throws or rejects with `RUN_FAILED`, `RUN_OUT_OF_MEMORY` or `INVALID_UTF8`. */
  infer(request: InferRequest): InferResult {
    const bound = this.bind(request);
    const outputs = this.run(bound);
    return outputs instanceof Promise ? this.#finish(bound, outputs) : this.results(bound, outputs);
  }

  /** Throws `INVALID_UTF8`. */
  bind(request: InferRequest): BoundRequest {
    return this.#deps.border.feeds(request);
  }

  /** Throws or rejects with `RUN_FAILED` or `RUN_OUT_OF_MEMORY`. */
  run({ feeds, fetches }: BoundRequest): OrtTensors | Promise<OrtTensors> {
    const { session, journal, mark } = this.#deps;
    journal.begin(mark);
    let outputs: OrtTensors | Promise<OrtTensors>;
    try {
      outputs = session.run(feeds, fetches);
    } catch (error) {
      journal.end();
      throw runFailure(error);
    }
    if (outputs instanceof Promise) return this.#ended(outputs);
    journal.end();
    return outputs;
  }

  results(bound: BoundRequest, outputs: OrtTensors): readonly Tensor[] {
    return this.#deps.border.results(bound, outputs);
  }

  async #ended(running: Promise<OrtTensors>): Promise<OrtTensors> {
    try {
      return await running;
    } catch (error) {
      throw runFailure(error);
    } finally {
      this.#deps.journal.end();
    }
  }

  async #finish(bound: BoundRequest, running: Promise<OrtTensors>): Promise<readonly Tensor[]> {
    return this.results(bound, await running);
  }
}
