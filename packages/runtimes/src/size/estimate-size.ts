/** What a small model occupies, by formula: the change of resident memory over one small load drowns in that of everything else. */

/** What the formula looks at. */
export interface SizeFacts {
  /** Of the prepared copy; of the artifact while there is none. */
  readonly fileBytes: number;
  /** Of the prepared graph; absent while nobody has looked. */
  readonly nodes?: number;
}

const kibibyte = 1024;

// From `calibrate.bench.ts` on 21 November 2026: 200 loads of 20 shapes from 0.4 KiB to 6.4 MiB, ONNX Runtime 1.30, AMD EPYC with AVX-512 (2 cores,
// Linux 6.18, glibc): 26.1 to 32.6 KiB + 1.55 x file bytes + 3.6 to 4.0 KiB x nodes, R² 0.94 to 0.95, largest error 42 % of what was measured.
// Without the nodes the largest error is 87 %. Ten loads of a shape find memory that is there already: 10,000 distinct MNIST models take 140 KiB each,
// with all that this package keeps of a model. So the base is that of many models: what is charged too little is memory that others were promised.
const baseBytes = 64 * kibibyte;
const bytesPerFileByte = 1.6;
const bytesPerNode = 4 * kibibyte;
// Until a graph was looked at: that of a small network.
const assumedNodes = 16;

/** Files above this are measured when they are loaded. */
export const measuredAboveBytes: number = 8 * kibibyte * kibibyte;

/** Estimate in bytes for a file of at most {@link measuredAboveBytes}; used for larger ones until they were prepared. */
export function estimateSizeBytes({ fileBytes, nodes = assumedNodes }: SizeFacts): number {
  return Math.ceil(baseBytes + bytesPerFileByte * fileBytes + bytesPerNode * nodes);
}
