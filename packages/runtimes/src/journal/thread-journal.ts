/**
 * One thread's part of the journal: says before each run who runs, for the next process and for those who watch (decision 024).
 *
 * Hot path. A hot model costs two stores into shared memory per run; the file is written only when the model changes, and once more when the
 * thread has been idle for a while, so that a crash outside of runs is blamed on nobody. Budget: 50 ns per run of the same model.
 *
 * The I/O thread's runs are watched by the supervisor, which sees the file alone. Where their limit is shorter than the thread may be busy
 * with something else, the file has to be exact: it is written before and after each run, which takes 3 us together.
 */
import { closeSync, openSync } from "node:fs";
import { assert, type Clock, type Timer } from "@modelyard/core";
import { fitsSlot, type RunningRecord, SlotWriter } from "./running-file.ts";
import { wordsPerThread } from "./shared-words.ts";

/** Who is about to run. The same object for every run of a model: its identity is what is compared. */
export interface RunMark extends RunningRecord {
  /** The process is ended when the run takes longer. */
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

/** Runs on the I/O thread with a shorter limit are written one by one: for so long that thread may be kept by many large bodies, not by a run. */
export const exactBelowMs = 10_000;

/** A journal that keeps nothing, for tests and embedding. */
export const noThreadJournal: ThreadJournal = { begin: () => {}, end: () => {}, close: () => {} };

/** Opens a thread's part of the journal; the file exists. */
export function openThreadJournal(share: ThreadJournalShare, clock: Clock): ThreadJournal {
  return new FileThreadJournal(share, clock);
}

/** Throws when a record of this id would not fit its slot. */
export function checkJournalled(modelId: string): void {
  assert(fitsSlot(modelId), "a model id fits a slot of the running file");
}

class FileThreadJournal implements ThreadJournal {
  readonly #clock: Clock;
  readonly #file: number;
  readonly #slot: SlotWriter;
  readonly #thread: number;
  readonly #words: Int32Array;
  readonly #sequenceIndex: number;
  #sequence = 0;
  #sequenceAtTick = 0;
  #written: RunMark | undefined;
  #isExact = false;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(share: ThreadJournalShare, clock: Clock) {
    this.#clock = clock;
    this.#file = openSync(share.path, "r+");
    this.#slot = new SlotWriter(this.#file, share.thread);
    this.#thread = share.thread;
    this.#words = new Int32Array(share.words);
    this.#sequenceIndex = share.thread * wordsPerThread;
    this.#sequence = Atomics.load(this.#words, this.#sequenceIndex);
  }

  begin(mark: RunMark): void {
    if (mark !== this.#written) this.#write(mark);
    else if (this.#isExact) this.#slot.writeRun(this.#run);
    this.#sequence = (this.#sequence + 1) | 0;
    Atomics.store(this.#words, this.#sequenceIndex, this.#sequence);
  }

  end(): void {
    this.#sequence = (this.#sequence + 1) | 0;
    Atomics.store(this.#words, this.#sequenceIndex, this.#sequence);
    if (this.#isExact) this.#slot.pause();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#erase();
    closeSync(this.#file);
  }

  get #run(): number {
    return this.#sequence >>> 0;
  }

  #write(mark: RunMark): void {
    const { modelId, phase, limitMs } = mark;
    this.#slot.write({ modelId, phase, limitMs, pid: process.pid, run: this.#run });
    Atomics.store(this.#words, this.#sequenceIndex + 1, limitMs);
    this.#written = mark;
    this.#isExact = this.#thread === 0 && limitMs < exactBelowMs;
    if (!this.#isExact) this.#timer ??= this.#watchIdle();
  }

  #erase(): void {
    this.#written = undefined;
    this.#isExact = false;
    this.#slot.erase();
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
    this.#erase();
  }
}
