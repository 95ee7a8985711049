/** Keeps the folder of prepared copies within its limit: what was used longest ago goes first. Copies can be made again at any time. */

/** One prepared copy on disk. */
export interface StoredCopy {
  readonly path: string;
  readonly sizeBytes: number;
  readonly usedAtMs: number;
}

/** Copies to remove so that the rest fits into `maxBytes`. Pure. */
export function planSweep(copies: readonly StoredCopy[], maxBytes: number): readonly StoredCopy[] {
  let excessBytes = copies.reduce((sum, copy) => sum + copy.sizeBytes, 0) - maxBytes;
  const removed: StoredCopy[] = [];
  for (const copy of copies.toSorted((a, b) => a.usedAtMs - b.usedAtMs)) {
    if (excessBytes <= 0) break;
    removed.push(copy);
    excessBytes -= copy.sizeBytes;
  }
  return removed;
}
