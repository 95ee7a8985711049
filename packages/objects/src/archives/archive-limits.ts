/** What an archive may be: every limit that is held while it is unpacked. */

/** Limits of one archive. */
export interface ArchiveLimits {
  /** Most members, and most files and folders of the tree they make. Default 100,000. */
  readonly maxMembers: number;
  /** Most bytes of all members together. Default: what the store allows one artifact. */
  readonly maxTotalBytes: number;
  /** Most bytes that one byte of the archive may become. Default 1,000. */
  readonly maxRatio: number;
  /** Below this many unpacked bytes the ratio does not count. Default 64 MiB. */
  readonly ratioFloorBytes: number;
  /** Longest name. Default 1,024 bytes. */
  readonly maxNameBytes: number;
  /** Longest part of a name between two slashes. Default 255 bytes. */
  readonly maxSegmentBytes: number;
  /** Most parts of a name. Default 32. */
  readonly maxDepth: number;
  /** Most bytes of all names, and of a zip's directory: what is held in memory. Default 32 MiB. */
  readonly maxListingBytes: number;
  /** Base-2 logarithm of the largest window a zstd frame may ask for. Default 27: 128 MiB, what `zstd` itself takes without `--long`. */
  readonly maxWindowLog: number;
}

/** The limits when none are given. */
export const defaultArchiveLimits: ArchiveLimits = {
  maxMembers: 100_000,
  maxTotalBytes: 64 * 2 ** 30,
  maxRatio: 1_000,
  ratioFloorBytes: 64 * 2 ** 20,
  maxNameBytes: 1_024,
  maxSegmentBytes: 255,
  maxDepth: 32,
  maxListingBytes: 32 * 2 ** 20,
  maxWindowLog: 27,
};
