/**
 * Holds a lease alive and tells when it is lost. The holder may believe it has the lease only until its own clock has run one time to live past the
 * last answer: the store cannot have ended it before.
 */
import { type Clock, type Log, PlatformError, type Random, silentLog, sleep, withDeadline } from "@modelyard/core";
import type { Lease, Store } from "./contract.ts";

/** Options of {@link keepLease}. */
export interface KeepLeaseOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly ttlSeconds: number;
  /** Ends the keeping without revoking. */
  readonly signal?: AbortSignal;
  /** Default: silent. */
  readonly log?: Log;
}

/** A lease that is held. */
export interface HeldLease extends Lease {
  /** Aborted when the lease is, or may be, gone. */
  readonly lost: AbortSignal;
  /** Stops keeping and revokes it; idempotent, and without effect on a lease that is lost. */
  release(): Promise<void>;
}

const keepsPerTtl = 3;
const retriesPerTtl = 12;

/** Grants a lease and keeps it alive three times per time to live. */
export async function keepLease(store: Store, options: KeepLeaseOptions): Promise<HeldLease> {
  const { ttlSeconds, signal, clock } = options;
  const askedAtMs = clock.monotonicMs();
  const lease = await store.grantLease({ ttlSeconds }, signal ? { signal } : {});
  const lost = new AbortController();
  const stop = new AbortController();
  const onAbort = (): void => stop.abort();
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) stop.abort();
  const kept = keep(store, { ...options, lease, askedAtMs, stop: stop.signal }).then((isLost) => {
    signal?.removeEventListener("abort", onAbort);
    if (isLost) lost.abort();
  });
  let releasing: Promise<void> | undefined;
  const release = async (): Promise<void> => {
    stop.abort();
    await kept;
    if (!lost.signal.aborted) await store.revokeLease(lease.leaseId).catch(ignoreGone);
  };
  return {
    ...lease,
    lost: lost.signal,
    release() {
      releasing ??= release();
      return releasing;
    },
  };
}

interface Keeping extends KeepLeaseOptions {
  readonly lease: Lease;
  readonly askedAtMs: number;
  readonly stop: AbortSignal;
}

/** Resolves true when the lease is lost, false when it was stopped. */
async function keep(store: Store, keeping: Keeping): Promise<boolean> {
  const { clock, random, lease, stop, log = silentLog() } = keeping;
  const ttlMs = lease.ttlSeconds * 1_000;
  let validUntilMs = keeping.askedAtMs + ttlMs;
  let paceMs = ttlMs / keepsPerTtl;
  while (!stop.aborted) {
    const leftMs = validUntilMs - clock.monotonicMs();
    if (leftMs <= 0) return true;
    // Some chance in the pace, so that many holders do not beat together; never beyond the end.
    if (await pause(clock, Math.min(leftMs, paceMs * (0.8 + random.next() * 0.2)), stop)) return false;
    const askedAtMs = clock.monotonicMs();
    const answer = await ask(store, keeping, validUntilMs - askedAtMs);
    if (answer === "gone") return !stop.aborted;
    if (answer === "kept") validUntilMs = askedAtMs + ttlMs;
    else if (!stop.aborted) log.warn("A lease was not kept alive; it is tried again", { leaseId: lease.leaseId });
    paceMs = ttlMs / (answer === "kept" ? keepsPerTtl : retriesPerTtl);
  }
  return false;
}

async function ask(store: Store, keeping: Keeping, limitMs: number): Promise<"kept" | "gone" | "unknown"> {
  const { clock, lease, stop } = keeping;
  try {
    const answered = store.keepAliveLease(lease.leaseId, { signal: stop });
    await withDeadline(answered, { clock, limitMs, what: "Keeping the lease", signal: stop });
    return "kept";
  } catch (error) {
    return PlatformError.is(error) && !error.retryable ? "gone" : "unknown";
  }
}

function pause(clock: Clock, delayMs: number, stop: AbortSignal): Promise<boolean> {
  return sleep(clock, delayMs, stop).then(
    () => false,
    () => true,
  );
}

function ignoreGone(error: unknown): void {
  // It ends by itself when its time is over; a store that is away cannot be told sooner.
  if (!PlatformError.is(error)) throw error;
}
