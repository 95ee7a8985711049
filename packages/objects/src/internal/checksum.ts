/** Checksums by which servers describe an object, beside the sha256 that the store itself is made of. */
import { createHash, type Hash } from "node:crypto";

/** A checksum of a whole object, as lower-case hexadecimal digits. */
export interface Checksum {
  /** `git-blob` is the sha1 of `blob <size>\0` and the bytes: Git's name of a file. */
  readonly algorithm: "md5" | "sha256" | "git-blob";
  readonly hex: string;
}

/** A hash that comes to the checksum's value over an object of this size. */
export function hashOf(checksum: Checksum, sizeBytes: number): Hash {
  if (checksum.algorithm !== "git-blob") return createHash(checksum.algorithm);
  return createHash("sha1").update(`blob ${sizeBytes}\0`);
}
