/** Time as a port: product code never reads the clock or sets a timer itself, so that tests and the simulator own both. */

/** A timer that has been set. */
export interface Timer {
  /** Stops it; without effect when it has fired. */
  cancel(): void;
}

/** Source of time. */
export interface Clock {
  /** Wall time, milliseconds since 1970. May jump. For records that people read. */
  nowMs(): number;
  /** Milliseconds since an unspecified start; never goes back. For durations and deadlines. */
  monotonicMs(): number;
  /** Calls back once after `delayMs`. The timer does not keep the process alive when `options.background` is set. */
  setTimer(delayMs: number, callback: () => void, options?: { readonly background?: boolean }): Timer;
}

const longestTimeoutMs = 2 ** 31 - 1;

/** The machine's clock. */
export function systemClock(): Clock {
  // Node's global is a getter that is called at each use: 8 ns of 50, and a request reads this clock six times.
  const timing = performance;
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => timing.now(),
    setTimer(delayMs, callback, options) {
      const handle = setTimeout(callback, Math.min(Math.max(delayMs, 0), longestTimeoutMs));
      if (options?.background) handle.unref();
      return { cancel: () => clearTimeout(handle) };
    },
  };
}

/**
 * Resolves after `delayMs`; rejects with the signal's reason as soon as it is aborted.
 */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
