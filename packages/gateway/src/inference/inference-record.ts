/**
 * Where the time of one inference goes, for the statistics: a stopwatch whose laps are added to the stage that just ended. The first outcome
 * counts: a request that was given up at its deadline may still be answered by its model.
 *
 * Hot path. Budget: 0.2 µs an inference; the clock is read once a lap.
 */
import type { Clock } from "@modelyard/core";
import type { SharedRun } from "@modelyard/runtimes";
import type { InferenceSize, InferenceTimes, ModelStatistics } from "../operations/model-statistics.ts";

/** The stopwatch of one inference. */
export class InferenceRecord implements InferenceTimes {
  queueMs = 0;
  inputMs = 0;
  inferMs = 0;
  outputMs = 0;
  readonly #clock: Clock;
  readonly #statistics: ModelStatistics;
  #lastMs: number;
  #isOver = false;

  constructor(clock: Clock, statistics: ModelStatistics) {
    this.#clock = clock;
    this.#statistics = statistics;
    this.#lastMs = clock.monotonicMs();
  }

  /** Ends a wait: for the model, or for a turn with it. */
  waited(): void {
    this.queueMs += this.#lapMs();
  }

  /** The inputs were read. */
  bound(): void {
    this.inputMs += this.#lapMs();
  }

  /** The model has run; what was no part of a run that others shared was a wait for them. */
  ran(shared?: SharedRun): void {
    const lapMs = this.#lapMs();
    const runMs = shared ? Math.min(shared.runMs, lapMs) : lapMs;
    this.inferMs += runMs;
    this.queueMs += lapMs - runMs;
  }

  /** The answer was handed to the connection: counts a success. */
  answered(modelId: string, size: InferenceSize): void {
    this.outputMs += this.#lapMs();
    if (this.#isOver) return;
    this.#isOver = true;
    this.#statistics.of(modelId).addSuccess(this, size, this.#clock.nowMs());
  }

  /** Counts a failure. */
  failed(modelId: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { queueMs, inputMs, inferMs, outputMs } = this;
    this.#statistics.of(modelId).addFailure(queueMs + inputMs + inferMs + outputMs + this.#lapMs());
  }

  #lapMs(): number {
    const nowMs = this.#clock.monotonicMs();
    const lapMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    return lapMs;
  }
}
