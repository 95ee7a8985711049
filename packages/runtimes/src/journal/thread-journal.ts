/**
 * One thread's part of the journal: says before each run who runs, for the next process and for the watchdog.
 *
 * Hot path. A hot model costs two stores into shared memory per run; the file is written only when the model changes, and once more when the
 * thread has been idle for a while, so that a crash outside of runs is blamed on nobody. Budget: 50 ns per run of the same model.
 */
import { closeSync, openSync } from "node:fs";
import { assert, type Clock, type Timer } from "@modelyard/core";
import { type RunningRecord, slotBytes, writeSlot } from "./running-file.ts";
import { wordsPerThread } from "./shared-words.ts";

/** Who is about to run. The same object for every run of a model: its identity is what is compared. */
export interface RunMark extends RunningRecord {
  /** The watchdog ends the process when the run takes longer. */
  readonly limitMs: number;
}

/** The journal of one thread. */
export interface ThreadJournal {
  begin(mark: RunMark): void;
  end(): void;
  /** Says that nothing runs here any more; idempotent. */
  close(): void;
}

/** What a worker thread needs to keep its part: structured-cloneable. */
export interface ThreadJournalShare {
  readonly path: string;
  readonly words: SharedArrayBuffer;
  readonly thread: number;
}

/** Time without a run after which the file says idle. */
export const idleMs = 250;

/** A journal that keeps nothing, for tests and embedding. */
export const noThreadJournal: ThreadJournal = { begin: () => {}, end: () => {}, close: () => {} };

/** Opens a thread's part of the journal; the file exists. */
export function openThreadJournal(share: ThreadJournalShare, clock: Clock): ThreadJournal {
  return new FileThreadJournal(share, clock);
}

/** Throws when a record of this id would not fit its slot. */
export function checkJournalled(modelId: string): void {
  assert(Buffer.byteLength(JSON.stringify({ modelId, phase: "load" })) <= slotBytes, "a model id fits a slot of the running file");
}

class FileThreadJournal implements ThreadJournal {
  readonly #clock: Clock;
  readonly #file: number;
  readonly #thread: number;
  readonly #words: Int32Array;
  readonly #sequenceIndex: number;
  #sequence = 0;
  #sequenceAtTick = 0;
  #written: RunMark | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(share: ThreadJournalShare, clock: Clock) {
    this.#clock = clock;
    this.#file = openSync(share.path, "r+");
    this.#thread = share.thread;
    this.#words = new Int32Array(share.words);
    this.#sequenceIndex = share.thread * wordsPerThread;
    this.#sequence = Atomics.load(this.#words, this.#sequenceIndex);
  }

  begin(mark: RunMark): void {
    if (mark !== this.#written) this.#write(mark);
    this.#sequence = (this.#sequence + 1) | 0;
    Atomics.store(this.#words, this.#sequenceIndex, this.#sequence);
  }

  end(): void {
    this.#sequence = (this.#sequence + 1) | 0;
    Atomics.store(this.#words, this.#sequenceIndex, this.#sequence);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    writeSlot(this.#file, this.#thread, undefined);
    closeSync(this.#file);
  }

  #write(mark: RunMark): void {
    writeSlot(this.#file, this.#thread, mark);
    Atomics.store(this.#words, this.#sequenceIndex + 1, mark.limitMs);
    this.#written = mark;
    this.#timer ??= this.#watchIdle();
  }

  #watchIdle(): Timer {
    this.#sequenceAtTick = this.#sequence;
    return this.#clock.setTimer(idleMs, () => this.#onTick(), { background: true });
  }

  #onTick(): void {
    const isRunning = (this.#sequence & 1) === 1;
    if (isRunning || this.#sequence !== this.#sequenceAtTick) {
      this.#timer = this.#watchIdle();
      return;
    }
    this.#timer = undefined;
    this.#written = undefined;
    writeSlot(this.#file, this.#thread, undefined);
  }
}
