/** Turns with one model: no more runs at once than make sense for it, the rest wait in order, within a limit. */
import { failure } from "@modelyard/core";
import type { LoadedModel } from "@modelyard/runtimes";

interface Turns {
  running: number;
  /** In order of arrival. */
  readonly waiting: Set<() => void>;
}

/** The turns of every model in memory. */
export class ModelTurns {
  readonly #maxQueued: number;
  /** Goes with the model when it is unloaded. */
  readonly #turns = new WeakMap<LoadedModel, Turns>();

  constructor(maxQueued: number) {
    this.#maxQueued = maxQueued;
  }

  /**
   * Takes a turn; resolves when it has come. Rejects with `LIMIT_EXCEEDED` when too many wait, with the signal's reason when that is aborted.
   * Whoever has got a turn ends it exactly once.
   */
  async take(model: LoadedModel, signal: AbortSignal): Promise<void> {
    if (model.maxConcurrency === 0) return;
    const turns = this.#turnsOf(model);
    if (turns.running < model.maxConcurrency) {
      turns.running++;
      return;
    }
    if (turns.waiting.size >= this.#maxQueued) {
      throw failure(
        "LIMIT_EXCEEDED",
        { what: "The queue of the model", current: turns.waiting.size, limit: this.#maxQueued },
        { retryAfterMs: 1_000 },
      );
    }
    await wait(turns.waiting, signal);
  }

  /** Ends a turn; the longest waiting takes it over. */
  end(model: LoadedModel): void {
    if (model.maxConcurrency === 0) return;
    const turns = this.#turnsOf(model);
    const [next] = turns.waiting;
    if (next) next();
    else turns.running--;
  }

  #turnsOf(model: LoadedModel): Turns {
    const known = this.#turns.get(model);
    if (known) return known;
    const turns: Turns = { running: 0, waiting: new Set() };
    this.#turns.set(model, turns);
    return turns;
  }
}

function wait(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const onTurn = (): void => {
      waiting.delete(onTurn);
      signal.removeEventListener("abort", onAbort);
      resolve();
    };
    const onAbort = (): void => {
      waiting.delete(onTurn);
      reject(signal.reason);
    };
    waiting.add(onTurn);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
