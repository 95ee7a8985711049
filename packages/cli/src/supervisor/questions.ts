/**
 * Questions to a child over its channel: each is answered, or over after its limit; at most so many are open at once.
 *
 * Invariant: every question ends exactly once, with an answer or with undefined.
 */
import type { Clock } from "@modelyard/core";

/** Options of {@link Questions}. */
export interface QuestionsOptions {
  readonly clock: Clock;
  /** One more is not asked. */
  readonly maxOpen: number;
}

/** Open questions of one kind. */
export class Questions<Answer> {
  readonly #options: QuestionsOptions;
  readonly #open = new Map<number, (answer: Answer | undefined) => void>();
  #lastId = 0;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /** Asks by sending a message with an id; undefined when no answer comes within the limit, or too many are open. */
  ask(limitMs: number, send: (id: number) => void): Promise<Answer | undefined> {
    const { clock, maxOpen } = this.#options;
    if (this.#open.size >= maxOpen) return Promise.resolve(undefined);
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const settle = (answer?: Answer): void => {
        timer.cancel();
        this.#open.delete(id);
        resolve(answer);
      };
      const timer = clock.setTimer(limitMs, () => settle());
      this.#open.set(id, settle);
      send(id);
    });
  }

  /** An answer has come; without effect when nobody waits for it any more. */
  answer(id: number, answer: Answer): void {
    this.#open.get(id)?.(answer);
  }

  /** Nobody is there any more who could answer. */
  abandon(): void {
    for (const settle of this.#open.values()) settle(undefined);
  }
}
