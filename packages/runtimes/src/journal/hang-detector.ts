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
  ranMs: number;
}

/**
 * A detector over the words of a journal. A run is measured from the first look that saw it, so it is found up to one interval late and never early.
 * A look that comes later than twice the interval counts as that: whoever could not look may have been stopped, and the runs with it.
 */
export function hangDetector(words: Int32Array, intervalMs: number): HangDetector {
  const threads = words.length / wordsPerThread;
  const seen: Seen[] = Array.from({ length: threads }, () => ({ sequence: 0, ranMs: 0 }));
  let lastMs = Number.NEGATIVE_INFINITY;
  return (nowMs) => {
    const stepMs = Math.min(nowMs - lastMs, 2 * intervalMs);
    lastMs = nowMs;
    for (const [thread, last] of seen.entries()) {
      const sequence = Atomics.load(words, thread * wordsPerThread);
      last.ranMs = sequence === last.sequence ? last.ranMs + stepMs : 0;
      last.sequence = sequence;
      const isRunning = (sequence & 1) === 1;
      const limitMs = Atomics.load(words, thread * wordsPerThread + 1);
      if (isRunning && last.ranMs >= limitMs) return { thread, limitMs };
    }
    return undefined;
  };
}
