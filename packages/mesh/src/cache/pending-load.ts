/**
 * One load that was asked for and has not ended, and everyone who waits for it.
 *
 * Invariant: each waiter is answered exactly once: with the model, with the load's failure, at its own deadline, or by its own signal.
 */
import { type Clock, failure } from "@modelyard/core";
import type { LoadRequest, ModelRuntime } from "@modelyard/runtimes";
import type { AcquireOptions, HeldModel } from "../contract.ts";
import type { CachedModel } from "./cached-model.ts";

/** What to load, and with what. */
export interface LoadSource {
  readonly request: LoadRequest;
  readonly revision: number;
  readonly runtime: ModelRuntime;
}

interface Waiter {
  succeed(cached: CachedModel): void;
  fail(error: unknown): void;
}

/** A load under way. */
export class PendingLoad {
  readonly source: LoadSource;
  /** Ends it: nobody wants the model any more. */
  readonly abort: AbortController = new AbortController();
  state: "queued" | "loading" = "queued";
  /** Why it was asked for when nobody waits. */
  reason = "";
  /** Where a loaded model goes in the order of use when nobody waits for it. */
  placement: "newest" | "oldest" = "newest";
  /** Set when the model is to go as soon as those who wait have had it. */
  evictReason: string | undefined = undefined;
  readonly #waiters = new Set<Waiter>();
  readonly #ended: PromiseWithResolvers<unknown> = Promise.withResolvers();
  /** On the monotonic scale. */
  readonly queuedAtMs: number;
  /** When its turn came, ms since 1970; 0 before. */
  startedAtMs = 0;

  constructor(source: LoadSource, queuedAtMs: number) {
    this.source = source;
    this.queuedAtMs = queuedAtMs;
  }

  get modelId(): string {
    return this.source.request.modelId;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Waits for the end of the load. `onLeave` is called when this waiter is answered, however. */
  join(options: AcquireOptions, deps: { readonly clock: Clock; readonly onLeave: () => void }): Promise<HeldModel> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      const limitMs = Math.max(0, Math.round(options.deadlineMs - deps.clock.monotonicMs()));
      const onAbort = (): void => waiter.fail(signal?.reason);
      const onDeadline = (): void => waiter.fail(failure("DEADLINE_EXCEEDED", { what: "Loading the model", limitMs }));
      const leave = (): boolean => {
        if (!this.#waiters.delete(waiter)) return false;
        timer.cancel();
        signal?.removeEventListener("abort", onAbort);
        deps.onLeave();
        return true;
      };
      const waiter: Waiter = {
        succeed: (cached) => {
          if (!leave()) return;
          cached.holders++;
          resolve(cached);
        },
        fail: (error) => {
          if (leave()) reject(error);
        },
      };
      const timer = deps.clock.setTimer(limitMs, onDeadline);
      this.#waiters.add(waiter);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Resolves when the load has ended, with its failure if it has one; never rejects. Holds nothing. */
  ended(): Promise<unknown> {
    return this.#ended.promise;
  }

  /** Gives the model to all who wait. */
  succeed(cached: CachedModel): void {
    for (const waiter of this.#waiters) waiter.succeed(cached);
    this.#ended.resolve(undefined);
  }

  /** Gives the failure to all who wait. */
  fail(error: unknown): void {
    for (const waiter of this.#waiters) waiter.fail(error);
    this.#ended.resolve(error);
  }
}
