/**
 * How long a request may wait. Deadline and signal are made when they are first asked for: a request that is answered in the same tick
 * pays for neither.
 */
import { type Clock, failure, type PlatformError, type Timer } from "@modelyard/core";
import type { AcquireOptions } from "@modelyard/mesh";
import type { GatewayLimits } from "../options.ts";

/** Whoever waits. */
export interface Waiter {
  /** When the client gives up, on the monotonic clock; undefined: it did not say. */
  readonly deadlineMs: number | undefined;
  /** Calls back when the client goes away. */
  onGone(callback: (error: PlatformError) => void): void;
}

/** What limits the wait. */
export interface RequestLifeDeps {
  readonly clock: Clock;
  readonly limits: GatewayLimits;
}

/** One request, as long as it waits. */
export class RequestLife implements AcquireOptions {
  readonly #waiter: Waiter;
  readonly #deps: RequestLifeDeps;
  #deadlineMs: number | undefined;
  #controller: AbortController | undefined;
  #timer: Timer | undefined;

  constructor(waiter: Waiter, deps: RequestLifeDeps) {
    this.#waiter = waiter;
    this.#deps = deps;
    this.#deadlineMs = waiter.deadlineMs;
  }

  get deadlineMs(): number {
    this.#deadlineMs ??= this.#deps.clock.monotonicMs() + this.#deps.limits.requestTimeoutMs;
    return this.#deadlineMs;
  }

  /** Aborted when the client goes away, and at the deadline once {@link RequestLife.watch} was called. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      const controller = new AbortController();
      this.#controller = controller;
      this.#waiter.onGone((error) => controller.abort(error));
    }
    return this.#controller.signal;
  }

  /** Calls back once, with why, when the request should wait no longer. */
  watch(onOver: (error: unknown) => void): void {
    const { signal } = this;
    const { clock } = this.#deps;
    const limitMs = Math.max(this.deadlineMs - clock.monotonicMs(), 0);
    if (signal.aborted) onOver(signal.reason);
    else signal.addEventListener("abort", () => onOver(signal.reason), { once: true });
    const expire = (): void => this.#controller?.abort(failure("DEADLINE_EXCEEDED", { what: "The request", limitMs: Math.round(limitMs) }));
    this.#timer = clock.setTimer(limitMs, expire, { background: true });
  }

  /** Ends a wait that is under way, if its signal was ever asked for. */
  abandon(reason: unknown): void {
    this.#controller?.abort(reason);
  }

  /** Stops watching the time. */
  end(): void {
    this.#timer?.cancel();
  }
}
