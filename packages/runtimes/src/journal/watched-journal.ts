/** A journal of one thread for whoever watches over its runs, and for nobody after the end of the process: its parent knows who ran. */
import { wordsPerThread } from "./shared-words.ts";
import type { RunMark, ThreadJournal } from "./thread-journal.ts";

/** A journal, and what a watch reads of it. */
export interface WatchedJournal {
  readonly journal: ThreadJournal;
  readonly words: SharedArrayBuffer;
}

/** Makes one. */
export function watchedJournal(): WatchedJournal {
  const words = new SharedArrayBuffer(wordsPerThread * Int32Array.BYTES_PER_ELEMENT);
  const view = new Int32Array(words);
  const begin = ({ limitMs }: RunMark): void => {
    Atomics.store(view, 1, limitMs);
    Atomics.add(view, 0, 1);
  };
  const end = (): void => {
    Atomics.add(view, 0, 1);
  };
  return { words, journal: { begin, end, close: () => {} } };
}
