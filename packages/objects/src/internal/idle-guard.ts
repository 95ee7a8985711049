/** Ends an exchange over a network that brings nothing for a while, or whose caller gave up. */
import { type Clock, failure } from "@modelyard/core";

/** An exchange that brings nothing for this long is given up. */
export const idleLimitMs = 30_000;

/** Watches one exchange. */
export interface IdleGuard {
  readonly signal: AbortSignal;
  /** Something arrived. */
  touch(): void;
  /** Lets go of timer, listener and, where the answer was not read to its end, the connection. */
  end(): void;
}

/** Options of {@link idleGuard}. */
export interface IdleGuardOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** The source, as messages show it. */
  readonly label: string;
}

/** Aborts when nothing arrives for the idle limit, or when the caller aborts. */
export function idleGuard({ clock, signal, label }: IdleGuardOptions): IdleGuard {
  const controller = new AbortController();
  const expire = (): void =>
    controller.abort(failure("SOURCE_UNAVAILABLE", { source: label, why: `nothing arrived for ${idleLimitMs} ms` }));
  const cancel = (): void => controller.abort(signal?.reason);
  let timer = clock.setTimer(idleLimitMs, expire);
  if (signal?.aborted) cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  return {
    signal: controller.signal,
    touch() {
      timer.cancel();
      timer = clock.setTimer(idleLimitMs, expire);
    },
    end() {
      timer.cancel();
      signal?.removeEventListener("abort", cancel);
      controller.abort();
    },
  };
}
