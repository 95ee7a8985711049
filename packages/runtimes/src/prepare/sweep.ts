/** Keeps the folder of prepared copies within its limit: what was used longest ago goes first. Copies can be made again at any time. */

/** One prepared copy on disk. */
export interface StoredCopy {
  readonly path: string;
  readonly sizeBytes: number;
  readonly usedAtMs: number;
}

/** What may stay. */
export interface SweepLimits {
  readonly maxBytes: number;
  /** Copies used at or after this time stay in any case: somebody may be about to load them. */
  readonly keepUsedSinceMs: number;
}

/** Copies to remove so that the rest fits. Pure. */
export function planSweep(copies: readonly StoredCopy[], { maxBytes, keepUsedSinceMs }: SweepLimits): readonly StoredCopy[] {
  let excessBytes = copies.reduce((sum, copy) => sum + copy.sizeBytes, 0) - maxBytes;
  const removed: StoredCopy[] = [];
  for (const copy of copies.toSorted((a, b) => a.usedAtMs - b.usedAtMs)) {
    if (excessBytes <= 0 || copy.usedAtMs >= keepUsedSinceMs) break;
    removed.push(copy);
    excessBytes -= copy.sizeBytes;
  }
  return removed;
}
