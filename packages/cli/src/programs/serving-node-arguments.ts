/**
 * How Node is started for a serving process: what keeps its memory small and its pauses short without costing a request CPU time. Decisions 021 and 026
 * say where its memory and its pauses come from, and what each of these, and what was tried beside them, gives.
 */

const flags: readonly string[] = [
  // Mebibytes; all of the young generation takes two to four times as much. Left alone it grows to 64 each as soon as loads and evictions keep
  // objects alive for a while, and never shrinks: 128 MiB that no model can have.
  "--max-semi-space-size=1",
  // Little outlives a request, so the helpers have nothing to do; with fewer free cores than helpers the collection waits for them to be scheduled.
  "--no-parallel-scavenge",
  // The compiler in the middle holds 17 MiB while it works on the functions that a first burst makes hot; what stays hot reaches TurboFan without it.
  "--no-maglev",
  // Threads of V8, four by default: each that compiles leaves an arena of malloc with up to 1 MiB that is not given back.
  "--v8-pool-size=1",
  // What follows shortens the pause that ends a full collection (decision 026). While old objects are marked, which takes 60 to 360 ms with 100,000
  // records, young ones are collected as before; else that pause moves all that was made meanwhile.
  "--no-separate-gc-phases",
  // Nor does it move old objects together: the holes between them are used again.
  "--no-compact",
  // A collection when nothing is asked is as short as any other, in place of up to 58 ms.
  "--no-memory-reducer-favors-memory",
];

/** Arguments of Node for a serving process; those given count more. */
export function servingNodeArguments(given: readonly string[]): readonly string[] {
  return [...flags, ...given];
}
