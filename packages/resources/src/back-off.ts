/** Back-off: how long to wait before the n-th retry. */
import type { Random } from "@modelyard/core";

/** Bounds of a back-off. */
export interface BackOff {
  /** Wait before the first retry, in milliseconds. */
  readonly baseMs: number;
  /** Longest wait, in milliseconds. */
  readonly maxMs: number;
}

/** Milliseconds before retry number `attempt` (1 is the first): doubled each time up to the cap, and somewhere in its upper half, so that many do not retry at once. */
export function backOffMs(bounds: BackOff, attempt: number, random: Random): number {
  const full = Math.min(bounds.maxMs, bounds.baseMs * 2 ** Math.min(attempt - 1, 30));
  return full * (0.5 + 0.5 * random.next());
}
