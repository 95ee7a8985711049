/** Notices a peer that moves, but so slowly that it only holds on to what it was given. */

/** The least a peer must do. */
export interface RateLimits {
  readonly minBytesPerSecond: number;
  /** Time over which the rate is measured. */
  readonly stallTimeoutMs: number;
}

/** Watch of one direction of one connection. */
export class RateWatch {
  #sinceMs: number;
  #sinceBytes = 0;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** Begins to measure anew, while nothing is expected of the peer. */
  restart(nowMs: number, bytes: number): void {
    this.#sinceMs = nowMs;
    this.#sinceBytes = bytes;
  }

  /** Whether the count of bytes grew by less than the rate over a whole measure; a measure that has passed begins the next. */
  isTooSlow(nowMs: number, bytes: number, limits: RateLimits): boolean {
    const elapsedMs = nowMs - this.#sinceMs;
    if (elapsedMs < limits.stallTimeoutMs) return false;
    const isSlow = (bytes - this.#sinceBytes) * 1_000 < limits.minBytesPerSecond * elapsedMs;
    this.restart(nowMs, bytes);
    return isSlow;
  }
}
