/** Ends a call at its deadline or when its signal is aborted. */
import { failure } from "@modelyard/core";
import type { Peer } from "../peer/contract.ts";
import type { GrpcCallOptions } from "./client-call.ts";

/** Largest message accepted where the caller names none. */
export const defaultMaxMessageBytes: number = 16 * 1024 * 1024;

/** Time left until the deadline; `undefined` without one. */
export function timeLeftMs(peer: Peer, options: GrpcCallOptions): number | undefined {
  return options.deadlineMs === undefined ? undefined : options.deadlineMs - peer.clock.monotonicMs();
}

/** Watches deadline and signal; calls `onLimit` at most once. Returns how to stop watching. */
export function watchLimits(
  peer: Peer,
  options: GrpcCallOptions & { readonly path: string },
  onLimit: (reason: unknown) => void,
): () => void {
  const { signal, path } = options;
  const limitMs = timeLeftMs(peer, options);
  const timer =
    limitMs === undefined
      ? undefined
      : peer.clock.setTimer(Math.max(limitMs, 0), () => {
          stop();
          onLimit(failure("DEADLINE_EXCEEDED", { what: `The call of "${path}"`, limitMs: Math.round(limitMs) }));
        });
  const onAbort = (): void => {
    stop();
    onLimit(signal?.reason);
  };
  const stop = (): void => {
    timer?.cancel();
    signal?.removeEventListener("abort", onAbort);
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  return stop;
}
