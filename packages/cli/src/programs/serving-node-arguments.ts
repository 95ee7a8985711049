/**
 * How Node is started for a serving process: what keeps its memory small without costing a request CPU time. Decision 021 says where its memory goes,
 * and what each of these, and what was tried beside them, gives.
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
];

/** Arguments of Node for a serving process; those given count more. */
export function servingNodeArguments(given: readonly string[]): readonly string[] {
  return [...flags, ...given];
}
