/**
 * How Node is started for a serving process.
 *
 * Resident memory after 100,000 requests for one MNIST model, CPU a request over gRPC and REST beside the first line, and collections of young objects
 * (nine alternating bursts on two shared cores, medians; single ratios differ by a quarter):
 *
 *   semi-space 4 alone:   146 MiB;  1, 1;        457 collections, 15 of them over 5 ms, the longest 84 ms
 *   as below:             135 MiB;  0.88, 0.97;  364 collections, 9 of them over 5 ms, the longest 6 ms
 *   with semi-space 1:    129 MiB;  0.95, 1.13;  607 collections, 18 of them over 5 ms, the longest 37 ms
 *
 * Of no use there: one or two arenas of malloc, fixed thresholds for giving memory back, fewer of V8's threads, `--optimize-for-size` (2 MiB at most,
 * within what differs from run to run). Decision 021 says where the rest goes.
 */

const flags: readonly string[] = [
  // Mebibytes; all of the young generation takes two to four times as much. Left alone it grows to 64 each as soon as loads and evictions keep
  // objects alive for a while, and never shrinks: 128 MiB that no model can have.
  "--max-semi-space-size=4",
  // Little outlives a request, so the helpers have nothing to do; with fewer free cores than helpers the collection waits for them to be scheduled.
  "--no-parallel-scavenge",
  // The compiler in the middle holds 17 MiB while it works on the functions that a first burst makes hot; what stays hot reaches TurboFan without it.
  "--no-maglev",
];

/** Arguments of Node for a serving process; those given count more. */
export function servingNodeArguments(given: readonly string[]): readonly string[] {
  return [...flags, ...given];
}
