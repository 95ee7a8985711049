/**
 * How Node is started for a serving process.
 *
 * Resident memory after 45,000 requests for one MNIST model, and time in collections of young objects a request (two shared cores):
 *
 *   Node's own choice of compilers, semi-space 4:  153 MiB, 73 of it pages of Node's and ONNX Runtime's files; 1 to 5 µs, the longest 8 to 39 ms
 *   as below:                                      126 MiB, 72 of it pages of files;                           2 to 3 µs, the longest 2 to 9 ms
 *
 * Of no use there: one or two arenas of malloc or fixed thresholds for giving memory back (2 MiB at most), fewer of V8's threads (nothing),
 * `--optimize-for-size` (2 MiB).
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
