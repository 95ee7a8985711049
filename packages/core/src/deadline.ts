/** Deadlines: one wait, limited in time and by a signal. Nothing in the product waits without one. */
import type { Clock } from "./clock.ts";
import { failure } from "./platform-error.ts";

/** Options of {@link withDeadline}. */
export interface DeadlineOptions {
  readonly clock: Clock;
  /** Milliseconds from now. */
  readonly limitMs: number;
  /** Named in the error: "Loading the model". */
  readonly what: string;
  readonly signal?: AbortSignal;
}

/** Settles as `work` does, or rejects with `DEADLINE_EXCEEDED` or the signal's reason, whichever is first. `work` itself goes on. */
export function withDeadline<T>(work: Promise<T>, options: DeadlineOptions): Promise<T> {
  const { clock, limitMs, what, signal } = options;
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(limitMs, () => settle(() => reject(failure("DEADLINE_EXCEEDED", { what, limitMs }))));
    const onAbort = (): void => settle(() => reject(signal?.reason));
    const settle = (finish: () => void): void => {
      timer.cancel();
      signal?.removeEventListener("abort", onAbort);
      finish();
    };
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
    work.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}
