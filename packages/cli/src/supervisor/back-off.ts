/** How long to wait before a process is started again: almost not at all the first time, ever longer while it keeps dying young. */

/** Limits of the wait. */
export interface BackOffLimits {
  /** Wait before the first restart, milliseconds. */
  readonly firstMs: number;
  /** Longest wait, milliseconds. */
  readonly longestMs: number;
  /** A process that was ready for this long starts the count afresh, milliseconds. */
  readonly stableMs: number;
}

/** 50 ms, doubling to 5 s; forgotten after 1 s of work. */
const defaultBackOff: BackOffLimits = { firstMs: 50, longestMs: 5_000, stableMs: 1_000 };

/** What a restart needs to know. */
export interface BackOffState {
  /** Deaths in a row that came before the process was stable. */
  readonly failures: number;
}

/** The wait for a process that was ready for `readyForMs` (0 = never), and the state after it. */
export function planRestart(
  state: BackOffState,
  readyForMs: number,
  limits: BackOffLimits = defaultBackOff,
): BackOffState & { readonly delayMs: number } {
  const failures = readyForMs >= limits.stableMs ? 1 : state.failures + 1;
  const delayMs = Math.min(limits.firstMs * 2 ** Math.min(failures - 1, 30), limits.longestMs);
  return { failures, delayMs };
}
