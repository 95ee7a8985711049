/**
 * Keeps a copy of a prefix true: lists it, then applies every change, and lists again when history was lost. What mesh, resources and control use.
 *
 * Invariant: between two resets the caller sees every change once and in order; a reset replaces all it knew.
 */
import { type Clock, type Log, PlatformError, type Random, silentLog } from "@modelyard/core";
import { Backoff } from "./backoff.ts";
import type { KeyValue, Store, WatchBatch } from "./contract.ts";
import { type ListedPage, listPages } from "./list-prefix.ts";

interface FollowOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Changes since; awaited before more are taken. What it throws ends the watch. */
  readonly onEvents: (batch: WatchBatch) => void | Promise<void>;
  /** Default: silent. */
  readonly log?: Log;
  /** Also give the value before each change. Default false. */
  readonly previous?: boolean;
  /** Events held while `onEvents` is busy; more lead to a reset. Default 4,096. */
  readonly maxBufferedEvents?: number;
  /** Failures in a row before it gives up. Default: none, it goes on until the signal is aborted. */
  readonly maxFailures?: number;
  /** Longest wait between attempts, in milliseconds. Default 5,000. */
  readonly maxDelayMs?: number;
}

/** Options of {@link listAndWatch}. */
export interface ListAndWatchOptions extends FollowOptions {
  /** Everything under the prefix, as of `revision`; awaited. What it throws ends the watch. */
  readonly onReset: (keyValues: readonly KeyValue[], revision: number) => void | Promise<void>;
}

/** Options of {@link listPagesAndWatch}. */
export interface ListPagesAndWatchOptions extends FollowOptions {
  /**
   * A part of everything under the prefix; awaited before the next one is asked for. A listing that fails on the way begins anew with a first page.
   * What it throws ends the watch.
   */
  readonly onPage: (page: ListedPage) => void | Promise<void>;
}

/** Runs until the signal is aborted (resolves), the store is closed, refuses for good, or fails too often (rejects). */
export function listAndWatch(store: Store, prefix: string, options: ListAndWatchOptions): Promise<void> {
  let listed: KeyValue[] = [];
  const onPage = async ({ keyValues, revision, isFirst, isLast }: ListedPage): Promise<void> => {
    if (isFirst) listed = [];
    for (const keyValue of keyValues) listed.push(keyValue);
    if (!isLast) return;
    const all = listed;
    listed = [];
    await options.onReset(all, revision);
  };
  return listPagesAndWatch(store, prefix, { ...options, onPage });
}

/** The same for a prefix that is too large to be taken at once. */
export async function listPagesAndWatch(store: Store, prefix: string, options: ListPagesAndWatchOptions): Promise<void> {
  const { clock, random, signal, log = silentLog(), maxFailures = Number.POSITIVE_INFINITY, maxDelayMs = 5_000 } = options;
  const backoff = new Backoff({ clock, random, maxDelayMs });
  while (!signal.aborted) {
    const ended = await followOnce(store, prefix, { ...options, onProgress: () => backoff.succeeded() });
    if (signal.aborted) return;
    const canReturn = ended.kind === "closed" || isWorthRetrying(ended.error);
    if (!canReturn || backoff.failures >= maxFailures) throw ended.kind === "closed" ? new Error("The watch ended") : ended.error;
    log.info("A watched prefix is listed again", { prefix, reason: ended.kind === "closed" ? "closed" : reasonOf(ended.error) });
    await backoff.wait(signal).catch(() => {});
  }
}

type Ended = { readonly kind: "closed" } | { readonly kind: "failed"; readonly error: unknown };

async function followOnce(
  store: Store,
  prefix: string,
  options: ListPagesAndWatchOptions & { readonly onProgress: () => void },
): Promise<Ended> {
  const { signal, onPage, onEvents, onProgress, previous = false, maxBufferedEvents } = options;
  let revision = 0;
  const listing = await follow(listPages(store, prefix, { signal }), async (page) => {
    revision = page.revision;
    await onPage(page);
  });
  if (listing.kind === "failed" || signal.aborted) return listing;
  const watch = store.watch({
    range: { kind: "prefix", prefix },
    startRevision: revision + 1,
    previous,
    ...(maxBufferedEvents === undefined ? {} : { maxBufferedEvents }),
  });
  const onAbort = (): void => watch.close();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await follow(watch[Symbol.asyncIterator](), async (batch) => {
      onProgress();
      await onEvents(batch);
    });
  } finally {
    signal.removeEventListener("abort", onAbort);
    watch.close();
  }
}

/** Only failures of the store are returned; those of the callback are thrown. */
async function follow<T>(items: AsyncIterator<T>, onItem: (item: T) => Promise<void>): Promise<Ended> {
  for (;;) {
    let next: IteratorResult<T>;
    try {
      next = await items.next();
    } catch (error) {
      return { kind: "failed", error };
    }
    if (next.done) return { kind: "closed" };
    await onItem(next.value);
  }
}

function isWorthRetrying(error: unknown): boolean {
  if (!PlatformError.is(error) || error.reason === "STORE_CLOSED") return false;
  return error.retryable || error.reason === "STORE_COMPACTED";
}

function reasonOf(error: unknown): string {
  return PlatformError.from(error).reason;
}
