/** What every driver gives to watches. */
import { expect, test } from "vitest";
import type { StoreUnderTest } from "./store-under-test.ts";
import { bytes, put, remove, revisionOf, run, text, told, WatchReader } from "./store-under-test.ts";

/** Tests of `watch`. */
export function watchContract(open: () => Promise<StoreUnderTest>): void {
  const everything = { kind: "prefix", prefix: "" } as const;

  test("a watch reports every change after it has started, in order", async () => {
    const { store } = await open();
    await put(store, "before");
    const watch = store.watch({ range: everything });
    expect(await watch.started).toBe(await revisionOf(store));
    await put(store, "a", "1");
    await put(store, "a", "2");
    await remove(store, "a");
    expect(told(await new WatchReader(watch).take(3))).toEqual(["put a=1", "put a=2", "delete a"]);
  });

  test("events carry the key value as it was written; a delete carries key and revision only", async () => {
    const { store } = await open();
    const watch = store.watch({ range: everything });
    await watch.started;
    const created = await put(store, "a", "1");
    const deleted = await remove(store, "a");
    const [first, second] = await new WatchReader(watch).take(2);
    const { revision } = created;
    expect(first).toEqual({
      kind: "put",
      keyValue: { key: "a", value: bytes("1"), createRevision: revision, modRevision: revision, version: 1, leaseId: 0 },
    });
    expect(second).toEqual({
      kind: "delete",
      keyValue: { key: "a", value: new Uint8Array(0), createRevision: 0, modRevision: deleted.revision, version: 0, leaseId: 0 },
    });
  });

  test("a watch sees its range only", async () => {
    const { store } = await open();
    const one = store.watch({ range: { kind: "key", key: "b" } });
    const some = store.watch({ range: { kind: "prefix", prefix: "b/" } });
    const span = store.watch({ range: { kind: "span", start: "b", end: "c" } });
    await Promise.all([one.started, some.started, span.started]);
    for (const key of ["a", "b", "b/x", "b0", "c"]) await put(store, key);
    await run(store, { kind: "put", key: "b", value: bytes("last") }, { kind: "put", key: "b/last", value: bytes("") });
    expect(told(await new WatchReader(one).take(2))).toEqual(["put b=", "put b=last"]);
    expect(told(await new WatchReader(some).take(2))).toEqual(["put b/x=", "put b/last="]);
    expect(told(await new WatchReader(span).take(5))).toEqual(["put b=", "put b/x=", "put b0=", "put b=last", "put b/last="]);
  });

  test("a watch from an earlier revision gives history and then what follows, without gap or repeat", async () => {
    const { store } = await open();
    await put(store, "skipped");
    const { revision } = await put(store, "k", "0");
    for (let index = 1; index < 20; index++) await put(store, "k", String(index));
    const writing = (async () => {
      for (let index = 20; index < 60; index++) await put(store, "k", String(index));
    })();
    const watch = store.watch({ range: everything, startRevision: revision });
    const events = await new WatchReader(watch).take(60);
    await writing;
    expect(events.map(({ keyValue }) => text(keyValue))).toEqual(Array.from({ length: 60 }, (_, index) => String(index)));
  });

  test("a watch from a later revision leaves out what comes before it", async () => {
    const { store } = await open();
    const { revision } = await put(store, "a", "0");
    const watch = store.watch({ range: everything, startRevision: revision + 3 });
    await watch.started;
    for (const value of ["1", "2", "3"]) await put(store, "a", value);
    expect(told(await new WatchReader(watch).take(1))).toEqual(["put a=3"]);
  });

  test("changes of one revision arrive in one batch", async () => {
    const { store } = await open();
    const watch = store.watch({ range: everything });
    await watch.started;
    const { revision } = await run(store, { kind: "put", key: "b", value: bytes("") }, { kind: "put", key: "a", value: bytes("") });
    const batch = await watch[Symbol.asyncIterator]().next();
    expect(batch).toMatchObject({ done: false, value: { revision, events: [{ keyValue: { key: "b" } }, { keyValue: { key: "a" } }] } });
  });

  test("previous values are given when asked for, live and from history", async () => {
    const { store } = await open();
    const { revision } = await put(store, "a", "1");
    const live = store.watch({ range: everything, previous: true });
    await live.started;
    await put(store, "a", "2");
    await remove(store, "a");
    const past = store.watch({ range: everything, previous: true, startRevision: revision });
    expect((await new WatchReader(live).take(2)).map(({ previous }) => text(previous))).toEqual(["1", "2"]);
    expect((await new WatchReader(past).take(3)).map(({ previous }) => text(previous))).toEqual([undefined, "1", "2"]);
  });

  test("of many writers at once every change is seen once and in the order of revisions", async () => {
    const { store } = await open();
    const live = store.watch({ range: everything });
    const from = (await live.started) + 1;
    const writers = Array.from({ length: 20 }, async (_, writer) => {
      for (let index = 0; index < 15; index++) await put(store, `k${writer}`, String(index));
    });
    const late = put(store, "late").then(({ revision }) => store.watch({ range: everything, startRevision: Math.min(revision, from + 3) }));
    await Promise.all(writers);
    const seen = await new WatchReader(live).take(301);
    expect(seen.map(({ keyValue }) => keyValue.modRevision)).toEqual(Array.from({ length: 301 }, (_, index) => from + index));
    const lateWatch = await late;
    const [first] = await new WatchReader(lateWatch).take(1);
    expect(first?.keyValue.modRevision).toBeLessThanOrEqual(from + 3);
  });

  test("many watches of one store each see everything", async () => {
    const { store } = await open();
    const watches = Array.from({ length: 25 }, () => store.watch({ range: everything }));
    await Promise.all(watches.map(({ started }) => started));
    for (let index = 0; index < 10; index++) await put(store, `k${index}`);
    const seen = await Promise.all(watches.map((watch) => new WatchReader(watch).take(10)));
    expect(seen.map((events) => events.length)).toEqual(watches.map(() => 10));
    expect(new Set(seen.map((events) => told(events).join())).size).toBe(1);
  });

  test("a watch from a compacted revision ends with STORE_COMPACTED", async () => {
    const { store } = await open();
    const first = await put(store, "a");
    await put(store, "a");
    const third = await put(store, "a");
    await store.compact(third.revision);
    const watch = store.watch({ range: everything, startRevision: first.revision });
    expect(await new WatchReader(watch).ending()).toMatchObject({ reason: "STORE_COMPACTED" });
    const next = store.watch({ range: everything, startRevision: third.revision + 1 });
    await next.started;
    await put(store, "b");
    expect(told(await new WatchReader(next).take(1))).toEqual(["put b="]);
  });

  test("a compaction does not disturb a watch that has its events", async () => {
    const { store } = await open();
    const watch = store.watch({ range: everything });
    await watch.started;
    const { revision } = await put(store, "a", "1");
    await store.compact(revision);
    await put(store, "a", "2");
    expect(told(await new WatchReader(watch).take(2))).toEqual(["put a=1", "put a=2"]);
  });

  test("a consumer that does not read is cut off with STORE_COMPACTED; others are not", async () => {
    const { store } = await open();
    const slow = store.watch({ range: everything, maxBufferedEvents: 5 });
    const fast = store.watch({ range: everything });
    await Promise.all([slow.started, fast.started]);
    for (let index = 0; index < 20; index++) await put(store, `k${index}`);
    expect(await new WatchReader(fast).take(20)).toHaveLength(20);
    expect(await new WatchReader(slow).ending()).toMatchObject({ reason: "STORE_COMPACTED" });
  });

  test("a closed watch ends its loop, and closing again is without effect", async () => {
    const { store } = await open();
    const watch = store.watch({ range: everything });
    await watch.started;
    const ending = new WatchReader(watch).ending();
    watch.close();
    watch.close();
    expect(await ending).toBeUndefined();
    await put(store, "a");
    expect(await watch[Symbol.asyncIterator]().next()).toMatchObject({ done: true });
  });

  test("a watch of a key that is no text is refused", async () => {
    const { store } = await open();
    const watch = store.watch({ range: { kind: "key", key: "" } });
    await expect(watch.started).rejects.toMatchObject({ reason: "STORE_INVALID_REQUEST" });
    expect(await new WatchReader(watch).ending()).toMatchObject({ reason: "STORE_INVALID_REQUEST" });
  });
}
