/** Which instances that records mention have been away so long that they are gone. */
/** Remembers since when instances have been missing. */
export class GoneInstances {
  readonly #missingSinceMs = new Map<string, number>();
  readonly #goneAfterMs: number;

  constructor(goneAfterMs: number) {
    this.#goneAfterMs = goneAfterMs;
  }

  /** Takes every instance that records mention; `nowMs` is on the monotonic scale. */
  update(
    mentioned: Iterable<string>,
    seen: { readonly isLive: (instanceId: string) => boolean; readonly nowMs: number },
  ): ReadonlySet<string> {
    const missing = new Set<string>();
    for (const instanceId of mentioned) if (!seen.isLive(instanceId)) missing.add(instanceId);
    for (const instanceId of this.#missingSinceMs.keys()) if (!missing.has(instanceId)) this.#missingSinceMs.delete(instanceId);
    const gone = new Set<string>();
    for (const instanceId of missing) {
      const sinceMs = this.#missingSinceMs.get(instanceId) ?? seen.nowMs;
      this.#missingSinceMs.set(instanceId, sinceMs);
      if (seen.nowMs - sinceMs >= this.#goneAfterMs) gone.add(instanceId);
    }
    return gone;
  }
}
