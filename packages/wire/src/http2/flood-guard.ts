/** Counts frames that cost us work and the peer nothing, over windows of ten seconds. */
import type { Clock } from "@modelyard/core";
import { Http2Fault } from "./protocol.ts";

/** Limits of a {@link FloodGuard}. */
export interface FloodLimits {
  readonly maxResets: number;
  readonly maxControlFrames: number;
}

const windowMs = 10_000;

/** Guard of one connection. */
export class FloodGuard {
  readonly #clock: Clock;
  readonly #limits: FloodLimits;
  #windowEndMs = 0;
  #resets = 0;
  #controlFrames = 0;

  constructor(clock: Clock, limits: FloodLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** A stream was reset by the peer, or by us for the peer's fault, before it was answered. */
  countReset(): void {
    this.#turnWindow();
    if (++this.#resets > this.#limits.maxResets) throw new Http2Fault("ENHANCE_YOUR_CALM", "too many streams reset");
  }

  /** A frame that gets nothing done: SETTINGS, PING, PRIORITY, unknown, empty DATA, for a closed stream, a window nobody waits for. */
  countControl(): void {
    this.#turnWindow();
    if (++this.#controlFrames > this.#limits.maxControlFrames) throw new Http2Fault("ENHANCE_YOUR_CALM", "too many control frames");
  }

  #turnWindow(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#windowEndMs) return;
    this.#windowEndMs = nowMs + windowMs;
    this.#resets = 0;
    this.#controlFrames = 0;
  }
}
