/**
 * How Node is started for a serving process.
 *
 * Resident memory after 32,000 to 90,000 requests for one MNIST model, and time in collections of young objects a request over REST:
 *
 *   semi-space 4, parallel, Maglev:  143 to 154 MiB, 72 of it pages of Node's and ONNX Runtime's files;  4.6 to 11 µs
 *   as below:                        122 to 127 MiB, 71 of it pages of files;                            2.2 to 3.2 µs
 *
 * Of no use there: one or two arenas of malloc, fixed thresholds for giving memory back, fewer of V8's threads, `--optimize-for-size` (2 MiB at most,
 * within what differs from run to run). Decision 021 says where the rest goes.
 */

const flags: readonly string[] = [
  // Mebibytes; all of the young generation takes two to three times as much. Left alone it grows to 64 each as soon as loads and evictions keep
  // objects alive for a while, and never shrinks: 128 MiB that no model can have. 4 would take 6 MiB more.
  "--max-semi-space-size=1",
  // Little outlives a request, so the helpers have nothing to do; with fewer free cores than helpers the collection waits for them to be scheduled.
  "--no-parallel-scavenge",
  // The compiler in the middle holds 17 MiB while it works on the functions that a first burst makes hot; what stays hot reaches TurboFan without it.
  "--no-maglev",
];

/** Arguments of Node for a serving process; those given count more. */
export function servingNodeArguments(given: readonly string[]): readonly string[] {
  return [...flags, ...given];
}
