/** Notices a peer whose kernel takes nothing of what is waiting for it. */
import type { Outbox } from "./outbox.ts";

/** Watch of one outbox. */
export class StallWatch {
  readonly #outbox: Outbox;
  #sentBytes = 0;
  #movedMs: number;

  constructor(outbox: Outbox, nowMs: number) {
    this.#outbox = outbox;
    this.#movedMs = nowMs;
  }

  /** For how long output has been waiting without any of it being taken, as far as the calls of this method can tell. */
  stalledMs(nowMs: number): number {
    const { backlogBytes, sentBytes } = this.#outbox;
    if (backlogBytes === 0 || sentBytes !== this.#sentBytes) {
      this.#sentBytes = sentBytes;
      this.#movedMs = nowMs;
    }
    return nowMs - this.#movedMs;
  }
}
