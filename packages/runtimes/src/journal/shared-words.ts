/**
 * The shared memory of a journal, two words a thread: `sequence` (odd = in a run; every begin and end adds one) and `limitMs`. A file of its own,
 * without imports, because a thread that watches loads it.
 */

/** Words of a thread in the shared memory. */
export const wordsPerThread = 2;
