/** What a small model occupies, by formula: the change of resident memory over one small load drowns in that of everything else. */

/** What the formula looks at. */
export interface SizeFacts {
  /** Of the prepared copy; of the artifact while there is none. */
  readonly fileBytes: number;
  /** Of the prepared graph; absent while nobody has looked. */
  readonly nodes?: number;
}

const kibibyte = 1024;
const baseBytes = 100 * kibibyte;
const bytesPerFileByte = 1.2;

/** Files above this are measured when they are loaded. */
export const measuredAboveBytes: number = 8 * kibibyte * kibibyte;

/** Estimate in bytes for a file of at most {@link measuredAboveBytes}; used for larger ones until they were loaded once. */
export function estimateSizeBytes({ fileBytes }: SizeFacts): number {
  return Math.ceil(baseBytes + bytesPerFileByte * fileBytes);
}
