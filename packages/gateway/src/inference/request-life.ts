/**
 * How long a request may wait. Deadline and signal are made when they are first asked for: a request that is answered in the same tick pays for
 * neither, one that runs in company for no signal.
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
  #onOver: ((error: unknown) => void) | undefined;
  #isGoneWatched = false;
  /** Why the request waits no longer. */
  #over: { readonly error: unknown } | undefined;

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
      this.#controller = new AbortController();
      if (this.#over) this.#controller.abort(this.#over.error);
      else this.#watchGone();
    }
    return this.#controller.signal;
  }

  /** Calls back once, with why, when the client has gone away. */
  watchClient(onOver: (error: unknown) => void): void {
    this.#onOver = onOver;
    this.#watchGone();
    if (this.#over) onOver(this.#over.error);
  }

  /** Calls back once, with why, when the request should wait no longer. */
  watch(onOver: (error: unknown) => void): void {
    const { clock } = this.#deps;
    this.watchClient(onOver);
    if (this.#over) return;
    const limitMs = Math.max(this.deadlineMs - clock.monotonicMs(), 0);
    const expire = (): void => this.#end(failure("DEADLINE_EXCEEDED", { what: "The request", limitMs: Math.round(limitMs) }));
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

  #watchGone(): void {
    if (this.#isGoneWatched) return;
    this.#isGoneWatched = true;
    this.#waiter.onGone((error) => this.#end(error));
  }

  #end(error: unknown): void {
    if (this.#over) return;
    this.#over = { error };
    this.#onOver?.(error);
    this.#controller?.abort(error);
  }
}
