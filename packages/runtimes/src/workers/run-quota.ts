/** Runs at a runner that are not answered: no more than so many. */
import { failure } from "@modelyard/core";

/** See the module. */
export class RunQuota {
  readonly #max: number;
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Acts while counted; rejects with `LIMIT_EXCEEDED` instead when there are too many. */
  async use<T>(act: () => Promise<T>): Promise<T> {
    if (this.#count >= this.#max) {
      throw failure("LIMIT_EXCEEDED", { what: "The queue of runs of the model's worker", current: this.#count + 1, limit: this.#max });
    }
    this.#count++;
    try {
      return await act();
    } finally {
      this.#count--;
    }
  }
}
