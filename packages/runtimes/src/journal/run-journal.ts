/** The journal of a serving process: one running file and one piece of shared memory, a part for each of its threads. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { assert, type Clock } from "@modelyard/core";
import { slotBytes } from "./running-file.ts";
import { wordsPerThread } from "./shared-words.ts";
import { openThreadJournal, type ThreadJournal, type ThreadJournalShare } from "./thread-journal.ts";

/** Options of {@link createRunJournal}. */
export interface RunJournalOptions {
  /** The running file; replaced. Read what the last process left with `readPostMortem` first. */
  readonly path: string;
  readonly clock: Clock;
  /** Most threads that run models: the I/O thread and the workers. */
  readonly threads: number;
}

/** Who runs, per thread. Thread 0 is the I/O thread. */
export interface RunJournal {
  readonly path: string;
  readonly threads: number;
  /** Words the watchdog reads. */
  readonly words: SharedArrayBuffer;
  /** The I/O thread's part. */
  readonly main: ThreadJournal;
  /** What worker `thread` (1 and up) needs to open its own part. */
  share(thread: number): ThreadJournalShare;
  /** Says that the process ends in order: nothing is left for a post-mortem. Idempotent; workers have ended before. */
  close(): void;
}

/** Starts a journal in an empty running file. */
export function createRunJournal(options: RunJournalOptions): RunJournal {
  const { path, clock, threads } = options;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.alloc(threads * slotBytes, " "), { mode: 0o600 });
  const words = new SharedArrayBuffer(threads * wordsPerThread * Int32Array.BYTES_PER_ELEMENT);
  const share = (thread: number): ThreadJournalShare => {
    assert(thread >= 0 && thread < threads, "a thread of the journal was counted when it was made");
    return { path, words, thread };
  };
  const main = openThreadJournal(share(0), clock);
  return { path, threads, words, main, share, close: () => main.close() };
}
