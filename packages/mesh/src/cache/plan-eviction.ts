/**
 * Which models make room. Pure.
 *
 * Idle models go first, least recently used first. Only when they are not enough, models in use are drained in the same order: they take no
 * new request and are unloaded when the last one has finished, so that a model that is always in use cannot keep another out for ever.
 */

/** A model that may go. */
export interface EvictionCandidate {
  readonly modelId: string;
  readonly sizeBytes: number;
  /** Requests that use it now. */
  readonly holders: number;
}

/** Memory as it stands. */
export interface EvictionState<C extends EvictionCandidate> {
  readonly capacityBytes: number;
  /** Charged: loaded, loading, and leaving. May exceed the capacity after a load that needed more than was predicted. */
  readonly usedBytes: number;
  /** Part of `usedBytes` that comes free by itself: models on their way out. */
  readonly leavingBytes: number;
  /** Loaded models from the least to the most recently used. */
  readonly byLastUse: Iterable<C>;
}

/** What to do so that the needed bytes come free. */
export interface EvictionPlan<C extends EvictionCandidate> {
  /** Idle: unload now. */
  readonly unload: readonly C[];
  /** In use: take no more requests, unload when idle. */
  readonly drain: readonly C[];
  /** What is missing even so: loads under way hold it. 0 = enough. */
  readonly shortBytes: number;
}

/** Plans room for `neededBytes` beyond what is used. */
export function planEviction<C extends EvictionCandidate>(state: EvictionState<C>, neededBytes: number): EvictionPlan<C> {
  let shortBytes = neededBytes - (state.capacityBytes - state.usedBytes + state.leavingBytes);
  const unload: C[] = [];
  const inUse: C[] = [];
  if (shortBytes > 0) {
    for (const candidate of state.byLastUse) {
      if (candidate.holders > 0) {
        inUse.push(candidate);
        continue;
      }
      unload.push(candidate);
      shortBytes -= candidate.sizeBytes;
      if (shortBytes <= 0) break;
    }
  }
  const drain: C[] = [];
  for (const candidate of inUse) {
    if (shortBytes <= 0) break;
    drain.push(candidate);
    shortBytes -= candidate.sizeBytes;
  }
  return { unload, drain, shortBytes: Math.max(0, shortBytes) };
}
