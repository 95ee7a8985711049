/** One request of a stage: it is bound when it comes, run with the others of its stage, and answered after them. */
import type { Tensor } from "@modelyard/codec";
import type { Clock } from "@modelyard/core";
import { runAlone } from "../batching/infer-sink.ts";
import type { InferRequest, InferSink, SharedRun } from "../contract.ts";
import type { InlineRun } from "./inline-stage.ts";
import type { OrtTensors } from "./ort-engine.ts";
import type { SessionRunner } from "./session-runner.ts";
import type { BoundRequest } from "./tensor-border.ts";

/** The model that is run. */
export interface StagedModel {
  readonly runner: SessionRunner;
  /** Median time of a run. */
  readonly runMicros: number;
  readonly clock: Clock;
}

/** See the module. Whatever fails is told to the sink. */
export class StagedRun implements InlineRun {
  endMs = 0;
  readonly #model: StagedModel;
  readonly #rows: number;
  readonly #sink: InferSink;
  #bound: BoundRequest | undefined;
  #outputs: OrtTensors | Promise<OrtTensors> | undefined;
  #runMs = 0;
  #error: unknown;

  constructor(model: StagedModel, request: InferRequest, sink: InferSink) {
    this.#model = model;
    this.#rows = request.inputs[0]?.shape[0] ?? 1;
    this.#sink = sink;
    try {
      this.#bound = model.runner.bind(request);
    } catch (error) {
      this.#error = error;
    }
  }

  get expectedMicros(): number {
    return this.#model.runMicros;
  }

  run(startMs: number): void {
    const { runner, clock } = this.#model;
    try {
      if (this.#bound) this.#outputs = runner.run(this.#bound);
    } catch (error) {
      this.#error = error;
    }
    this.endMs = clock.monotonicMs();
    this.#runMs = this.endMs - startMs;
  }

  answer(): void {
    const { runner } = this.#model;
    const [bound, outputs, sink] = [this.#bound, this.#outputs, this.#sink];
    if (!bound || !outputs) return sink.failed(this.#error);
    if (outputs instanceof Promise) return runAlone(async () => runner.results(bound, await outputs), sink);
    let results: readonly Tensor[];
    try {
      results = runner.results(bound, outputs);
    } catch (error) {
      return sink.failed(error);
    }
    sink.ran(results, this.#shared);
  }

  get #shared(): SharedRun {
    return { rows: this.#rows, requests: 1, runMs: this.#runMs, isCounted: true };
  }
}
