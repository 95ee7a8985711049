/**
 * Runs one reconciler: takes keys from its sources, once for every change and once a period, and gives each to `reconcile`, which reads the whole state,
 * compares it with what is wanted and does what is missing. It is never told what changed, so that a missed, repeated or late signal does no harm.
 */
import { type Clock, type Log, type Metrics, PlatformError, type Random, type Timer } from "@modelyard/core";
import type { BackOff } from "../back-off.ts";
import { WorkQueue } from "./work-queue.ts";

/** Where keys come from. */
export interface KeySource {
  /** Every key there is now: what the periodic pass looks at. */
  keys(): Iterable<string>;
  /** Calls back with each key that may need work; returns what ends that. */
  subscribe(onKey: (key: string) => void): () => void;
}

/** What a pass wants next. */
export interface ReconcileResult {
  /** Look at the key again after this time, in milliseconds, whatever happens. */
  readonly requeueAfterMs?: number;
}

/**
 * A failure that trying again cannot mend: it is logged, and the key rests until it changes or the period is over. What is wrong belongs into the
 * object's status before this is thrown.
 */
export class TerminalError extends Error {
  constructor(cause: unknown) {
    super("The reconciliation cannot succeed until something changes", { cause });
    this.name = "TerminalError";
  }
}

/** Options of {@link runReconciler}. */
export interface ReconcilerOptions {
  /** Of the log and the metrics. */
  readonly name: string;
  readonly sources: readonly KeySource[];
  /**
   * Brings the state of one key nearer to what is wanted. Idempotent. What it throws makes the key come again after a back-off, a
   * {@link TerminalError} after the period.
   */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<ReconcileResult | undefined>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Time between passes over all keys, in milliseconds. Default 60,000. */
  readonly periodMs?: number;
  /** Keys worked on at a time. Default 4. */
  readonly concurrency?: number;
  /** Default 200 ms to 60 s. */
  readonly backOff?: BackOff;
}

/** Runs until the signal is aborted; resolves when the last pass has ended. */
export async function runReconciler(options: ReconcilerOptions): Promise<void> {
  const { sources, clock, random, signal, periodMs = 60_000, concurrency = 4, backOff } = options;
  if (signal.aborted) return;
  const queue = new WorkQueue({ clock, random, ...(backOff ? { backOff } : {}) });
  const add = (key: string): void => void queue.add(key);
  const addAll = (): void => {
    for (const source of sources) for (const key of source.keys()) queue.add(key);
  };
  const endings = sources.map((source) => source.subscribe(add));
  let timer: Timer;
  const onPeriod = (): void => {
    addAll();
    timer = clock.setTimer(periodMs, onPeriod, { background: true });
  };
  onPeriod();
  const onAbort = (): void => {
    timer.cancel();
    for (const end of endings) end();
    queue.close();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  await Promise.all(Array.from({ length: concurrency }, () => work(queue, options)));
}

async function work(queue: WorkQueue, options: ReconcilerOptions): Promise<void> {
  const { name, reconcile, metrics, signal } = options;
  const passes = metrics.counter("modelyard_reconciliations_total", { reconciler: name });
  for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
    passes.add();
    try {
      const result = await reconcile(key, signal);
      queue.succeeded(key);
      if (result?.requeueAfterMs !== undefined) queue.addAfter(key, result.requeueAfterMs);
    } catch (error) {
      if (signal.aborted) return;
      onFailure({ queue, key, error }, options);
    }
  }
}

function onFailure(failed: { readonly queue: WorkQueue; readonly key: string; readonly error: unknown }, options: ReconcilerOptions): void {
  const { queue, key, error } = failed;
  const { name, log, metrics } = options;
  metrics.counter("modelyard_reconciliation_failures_total", { reconciler: name }).add();
  if (error instanceof TerminalError) {
    queue.succeeded(key);
    log.error("A reconciliation failed for good", error.cause, { reconciler: name, key });
    return;
  }
  const retryAfterMs = queue.failed(key);
  // Two writers that met are part of the day: the next pass reads what the other wrote.
  if (PlatformError.is(error) && error.reason === "RESOURCE_CONFLICT")
    log.debug("A reconciliation met another writer", { reconciler: name, key });
  else log.error("A reconciliation failed and is tried again", error, { reconciler: name, key, retryAfterMs });
}
