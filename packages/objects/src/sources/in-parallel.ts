/** Work on many things, a few at a time. */

/** Runs `work` for every item, at most `limit` at a time; results keep the order of the items. The first failure aborts the others and is thrown when they ended. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
  options: { readonly limit: number; readonly signal: AbortSignal | undefined },
): Promise<readonly Result[]> {
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const results = Array.from<Result>({ length: items.length });
  const queue = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of queue) {
      signal.throwIfAborted();
      results[index] = await work(item, signal);
    }
  };
  const lanes = Array.from({ length: Math.min(options.limit, items.length) }, () =>
    lane().catch((error: unknown) => {
      stop.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(lanes);
  options.signal?.throwIfAborted();
  if (stop.signal.aborted) throw stop.signal.reason;
  return results;
}
