/**
 * Memory that a server's connections may take together for what is on its way: bodies being collected, output that peers have not read. The limits
 * of one connection say nothing of twenty thousand.
 *
 * Invariant: whoever takes gives back the same amount, once. The budget is a measure, not a lock: what is under way may exceed it, nothing is begun
 * while it is exceeded.
 */

import { failure, type PlatformError } from "@modelyard/core";

/** A budget of bytes. */
export class BufferBudget {
  readonly limitBytes: number;
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Whether nothing new should be begun. */
  get isExhausted(): boolean {
    return this.#usedBytes > this.limitBytes;
  }

  /** Takes bytes if they fit; `false`, and nothing taken, when they do not. */
  take(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.limitBytes) return false;
    this.#usedBytes += bytes;
    return true;
  }

  /** Takes (or, negative, gives back) what is there already and cannot be refused. */
  move(bytes: number): void {
    this.#usedBytes += bytes;
  }

  /** Gives back what was taken. */
  give(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}

/** The refusal of what needs `bytes` more than there are. */
export function buffersFull({ usedBytes, limitBytes }: BufferBudget, bytes = 0): PlatformError {
  return failure("BUFFERS_FULL", { current: usedBytes + bytes, limit: limitBytes });
}
