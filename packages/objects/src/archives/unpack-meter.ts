/** Counts what an archive becomes, and stops a bomb by size or by ratio before the next byte is written. */

import type { ArchiveLimits } from "./archive-limits.ts";
import { type ArchiveSubject, limitExceeded, quoted } from "./archive-refusal.ts";

/** What one archive has become so far. */
export class UnpackMeter {
  readonly #subject: ArchiveSubject;
  readonly #limits: ArchiveLimits;
  readonly #mostByRatio: number;
  #bytes = 0;

  constructor(of: ArchiveSubject & { readonly limits: ArchiveLimits; readonly archiveBytes: number }) {
    this.#subject = of;
    this.#limits = of.limits;
    this.#mostByRatio = Math.max(of.limits.ratioFloorBytes, of.limits.maxRatio * of.archiveBytes);
  }

  /** Adds bytes that came out, or that a listing declares; `member` names where. */
  count(bytes: number, member: string): void {
    this.#bytes += bytes;
    this.check(this.#bytes, member);
  }

  /** Refuses a total that is beyond a limit. */
  check(totalBytes: number, member: string): void {
    const { maxTotalBytes, maxRatio } = this.#limits;
    const where = member === "" ? "" : ` at ${quoted(member)}`;
    if (totalBytes > maxTotalBytes) throw limitExceeded(this.#subject, `it unpacks to more than ${maxTotalBytes} bytes${where}`);
    if (totalBytes > this.#mostByRatio) throw limitExceeded(this.#subject, `it unpacks to more than ${maxRatio} times its size${where}`);
  }
}
