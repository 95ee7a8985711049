/** Finds runs that last too long from what the threads leave in shared memory. Pure: time comes in, verdicts go out. */
import { wordsPerThread } from "./shared-words.ts";

/** A thread in a run beyond its limit. */
export interface Hang {
  readonly thread: number;
  readonly limitMs: number;
}

/** Called at intervals; keeps what it saw last. */
export type HangDetector = (nowMs: number) => Hang | undefined;

interface Seen {
  sequence: number;
  sinceMs: number;
}

/**
 * A detector over the words of a journal. A run is measured from the first look that saw it, so it is found up to one interval late and never early.
 */
export function hangDetector(words: Int32Array): HangDetector {
  const threads = words.length / wordsPerThread;
  const seen: Seen[] = Array.from({ length: threads }, () => ({ sequence: 0, sinceMs: 0 }));
  return (nowMs) => {
    for (const [thread, last] of seen.entries()) {
      const sequence = Atomics.load(words, thread * wordsPerThread);
      if (sequence !== last.sequence) {
        last.sequence = sequence;
        last.sinceMs = nowMs;
      }
      const isRunning = (sequence & 1) === 1;
      const limitMs = Atomics.load(words, thread * wordsPerThread + 1);
      if (isRunning && nowMs - last.sinceMs >= limitMs) return { thread, limitMs };
    }
    return undefined;
  };
}
