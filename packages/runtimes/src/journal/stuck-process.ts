/**
 * Tells, in another process, that a run keeps the I/O thread of a serving process for longer than its limit: nothing in that process can.
 *
 * It is asked while the process gives no sign of life, and knows nothing but the running file. Invariant: what it finds is one run (or, of a
 * limit of `exactBelowMs` and more, runs of one model) that was there at each look, for as long as the limit.
 */
import type { Clock } from "@modelyard/core";
import { writeHangNote } from "./hang-note.ts";
import { type RunningSlot, readSlots } from "./running-file.ts";

/** What is watched. */
export interface StuckProcessOptions {
  /** Its running file. */
  readonly path: string;
  readonly pid: number;
  readonly clock: Clock;
}

/** See the module. */
export class StuckProcess {
  readonly #options: StuckProcessOptions;
  #seen: RunningSlot | undefined;
  #ranMs = 0;

  constructor(options: StuckProcessOptions) {
    this.#options = options;
  }

  /** One more look, `ranMs` of the process's own time after the last: whether a run has exceeded its limit. */
  look(ranMs: number): boolean {
    const slot = this.#read();
    const isSame = slot !== undefined && slot.modelId === this.#seen?.modelId && slot.run === this.#seen.run;
    this.#ranMs = isSame ? this.#ranMs + ranMs : 0;
    this.#seen = slot;
    return slot !== undefined && this.#ranMs >= slot.limitMs;
  }

  /** It gave a sign of life. */
  forget(): void {
    this.#seen = undefined;
  }

  /** Leaves the note by which the next process knows who hung. The process is ended after it. */
  leaveNote(): void {
    if (!this.#seen) return;
    const { modelId, phase, limitMs } = this.#seen;
    writeHangNote(this.#options.path, { modelId, phase, limitMs, atMs: this.#options.clock.nowMs() });
  }

  #read(): RunningSlot | undefined {
    try {
      const [slot] = readSlots(this.#options.path);
      return slot?.pid === this.#options.pid ? slot : undefined;
    } catch {
      // Not there yet: nothing was run.
      return undefined;
    }
  }
}
