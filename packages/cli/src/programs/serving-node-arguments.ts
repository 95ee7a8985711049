/** How Node is started for a serving process. */

/**
 * Semi-space of V8's young generation, MiB; all of it takes two to three times as much. Left alone it grows to 64 each as soon as loads and evictions
 * keep objects alive for a while, and never shrinks: 128 MiB that no model can have. With 4 a request costs the same CPU (106 to 112 µs for MNIST over
 * JSON, where 2 costs 116 to 131), and the process stays at 260 MiB where it went to 400 (1,000 MNIST models in room for 292, by Zipf's law).
 */
const semiSpaceMebibytes = 4;

/** Arguments of Node for a serving process; those given count more. */
export function servingNodeArguments(given: readonly string[]): readonly string[] {
  return [`--max-semi-space-size=${semiSpaceMebibytes}`, ...given];
}
