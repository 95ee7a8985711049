/** Finds clients that are gone without a word, as gRPC servers do: a PING after a long silence, whose answer, or anything else, must come soon. */

/** Limits of a {@link KeepAlive}. */
export interface KeepAliveLimits {
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
}

/** Watch of one connection. */
export class KeepAlive {
  readonly #limits: KeepAliveLimits;
  readonly #sendPing: () => void;
  #sentMs: number | undefined;

  constructor(limits: KeepAliveLimits, sendPing: () => void) {
    this.#limits = limits;
    this.#sendPing = sendPing;
  }

  /** Whether the peer, from which something was last read at `readMs`, is taken to be gone; sends a PING when it is time for one. */
  isGone(nowMs: number, readMs: number): boolean {
    if (this.#sentMs !== undefined && readMs >= this.#sentMs) this.#sentMs = undefined;
    if (this.#sentMs !== undefined) return nowMs - this.#sentMs >= this.#limits.keepaliveTimeoutMs;
    if (nowMs - readMs >= this.#limits.keepaliveTimeMs) {
      this.#sentMs = nowMs;
      this.#sendPing();
    }
    return false;
  }
}
