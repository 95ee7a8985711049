/**
 * Runs several pieces of asynchronous work one step at a time, in an order that a seed chooses: who comes to {@link Interleaving.step} waits until all others
 * wait there too or have ended, and then one of them goes on. So an order is the same each time it is run.
 */
import { type Random, randomInteger, seededRandom } from "@modelyard/core";

/** One run. Each piece of work takes its steps one after another, never two at once. */
export class Interleaving {
  readonly #random: Random;
  /** How many of 100 times the piece that came last goes on: from turns of one step to turns that do most of a piece's work. */
  readonly #sticking: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#sticking = [0, 50, 80, 95][seed % 4] ?? 0;
  }

  /** Runs the pieces to their ends. Rejects, after all have ended, with the first failure. */
  async run(works: readonly (() => Promise<void>)[]): Promise<void> {
    this.#running = works.length;
    const results = await Promise.allSettled(works.map((work) => this.#runOne(work)));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  /** The point between two steps; is passed at once where nothing runs. */
  step(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#goOn();
    });
  }

  async #runOne(work: () => Promise<void>): Promise<void> {
    try {
      await this.step();
      await work();
    } finally {
      this.#running--;
      this.#goOn();
    }
  }

  #goOn(): void {
    if (this.#running === 0 || this.#waiting.length < this.#running) return;
    const isSticking = randomInteger(this.#random, 100) < this.#sticking;
    const [next] = this.#waiting.splice(isSticking ? -1 : randomInteger(this.#random, this.#waiting.length), 1);
    next?.();
  }
}
