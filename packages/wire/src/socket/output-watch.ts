/** Notices a peer whose kernel takes nothing, or little, of what is waiting for it. */
import type { Outbox } from "./outbox.ts";
import { type TransferFault, type TransferLimits, TransferWatch } from "./transfer-watch.ts";

/** Watch of one outbox. */
export class OutputWatch {
  readonly #outbox: Outbox;
  readonly #watch: TransferWatch;

  constructor(outbox: Outbox, nowMs: number) {
    this.#outbox = outbox;
    this.#watch = new TransferWatch(nowMs);
  }

  /** What is wrong, as far as the calls of this method can tell. */
  look(nowMs: number, limits: TransferLimits): TransferFault | undefined {
    const { backlogBytes, sentBytes } = this.#outbox;
    if (backlogBytes > 0) return this.#watch.look(nowMs, sentBytes, limits);
    this.#watch.restart(nowMs, sentBytes);
    return undefined;
  }
}
