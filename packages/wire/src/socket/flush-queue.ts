/**
 * Decides when what was produced for the sockets of one server or peer is written: at the end of the callback that produced it (a microtask),
 * or, while several sockets are read per turn of the event loop, at the end of the turn, so that answers from different read batches share a
 * write. Which of the two is found by looking at one flush in 32, since watching each turn would cost as much as it saves.
 *
 * Hot path. Budget: 0.3 µs a flush.
 */
import { maxSpareBuffers } from "./buffer-pool.ts";

/** Something with output waiting. */
export interface Flushable {
  flush(): void;
}

const probeEvery = 32;
/**
 * More do not wait: each holds an output buffer, and as many as this are kept to be used again. A thousand clients that are answered in one turn, or
 * that go away in one, would otherwise have a thousand buffers made.
 */
const maxWaiting = maxSpareBuffers;

/** A queue of {@link Flushable}s, each at most once until it is flushed. */
export class FlushQueue {
  #waiting: Flushable[] = [];
  #isScheduled = false;
  readonly #isFixed: boolean;
  #waitsForTurn: boolean;
  #flushes = 0;
  #flushesInProbe = -1;

  /** `endOfTurn`: always waits for the end of the turn. Default: as is found to be best. */
  constructor(options: { readonly endOfTurn: boolean } = { endOfTurn: false }) {
    this.#isFixed = options.endOfTurn;
    this.#waitsForTurn = options.endOfTurn;
  }

  add(one: Flushable): void {
    if (this.#waiting.length === maxWaiting) this.#flush();
    this.#waiting.push(one);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    if (this.#waitsForTurn) setImmediate(this.#run);
    else queueMicrotask(this.#run);
  }

  readonly #run = (): void => {
    this.#isScheduled = false;
    const count = this.#flush();
    if (this.#isFixed) return;
    if (this.#waitsForTurn) {
      if (++this.#flushes % probeEvery === 0 && count === 1) this.#waitsForTurn = false;
      return;
    }
    this.#probe();
  };

  /** How many it were. */
  #flush(): number {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) one.flush();
    return waiting.length;
  }

  /** Counts the flushes of one turn, once in a while. */
  #probe(): void {
    if (this.#flushesInProbe >= 0) this.#flushesInProbe++;
    else if (++this.#flushes % probeEvery === 0) {
      this.#flushesInProbe = 1;
      setImmediate(() => {
        this.#waitsForTurn = this.#flushesInProbe > 1;
        this.#flushesInProbe = -1;
      });
    }
  }
}
