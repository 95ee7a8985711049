/**
 * When leases end. Time counts from the last grant or keep-alive in this process: after a restart every lease starts with its full time, so that
 * no holder loses it to our own absence.
 */
import type { Clock, Timer } from "@modelyard/core";
import type { LeaseRow } from "./tables.ts";

interface Running {
  readonly ttlSeconds: number;
  readonly expiresAtMs: number;
  readonly timer: Timer;
}

/** A running lease. */
export interface RunningLease {
  readonly ttlSeconds: number;
  readonly remainingSeconds: number;
}

/** The timers of every lease of one store. */
export class LeaseClock {
  readonly #clock: Clock;
  readonly #onExpired: (leaseId: number) => void;
  readonly #running = new Map<number, Running>();
  #closed = false;

  /** `onExpired` is called once when a lease's time is over. */
  constructor(clock: Clock, onExpired: (leaseId: number) => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  /** Gives a lease its full time, from now. */
  start(lease: LeaseRow): void {
    this.stop(lease.leaseId);
    if (this.#closed) return;
    const delayMs = lease.ttlSeconds * 1_000;
    const expiresAtMs = this.#clock.monotonicMs() + delayMs;
    this.#running.set(lease.leaseId, { ttlSeconds: lease.ttlSeconds, expiresAtMs, timer: this.#timer(lease.leaseId, delayMs) });
  }

  /** The lease while its time runs. */
  get(leaseId: number): RunningLease | undefined {
    const running = this.#running.get(leaseId);
    if (!running) return undefined;
    const remainingSeconds = (running.expiresAtMs - this.#clock.monotonicMs()) / 1_000;
    return remainingSeconds > 0 ? { ttlSeconds: running.ttlSeconds, remainingSeconds } : undefined;
  }

  stop(leaseId: number): void {
    this.#running.get(leaseId)?.timer.cancel();
    this.#running.delete(leaseId);
  }

  /** Stops every timer; later starts are without effect. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#running.values()) timer.cancel();
    this.#running.clear();
  }

  #timer(leaseId: number, delayMs: number): Timer {
    // A clock may fire a very long timer early: look again.
    const onTimer = (): void => {
      const running = this.#running.get(leaseId);
      if (!running) return;
      const leftMs = running.expiresAtMs - this.#clock.monotonicMs();
      if (leftMs > 0) {
        this.#running.set(leaseId, { ...running, timer: this.#timer(leaseId, leftMs) });
        return;
      }
      this.#running.delete(leaseId);
      this.#onExpired(leaseId);
    };
    return this.#clock.setTimer(delayMs, onTimer, { background: true });
  }
}
