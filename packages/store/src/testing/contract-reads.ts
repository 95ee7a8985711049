/** What every driver answers to reads. */
import { expect, test } from "vitest";
import type { StoreUnderTest } from "./store-under-test.ts";
import { all, bytes, pairs, put, remove, revisionOf, run } from "./store-under-test.ts";

/** Tests of `range`. */
export function readContract(open: () => Promise<StoreUnderTest>): void {
  const prefix = (text: string): { readonly kind: "prefix"; readonly prefix: string } => ({ kind: "prefix", prefix: text });

  test("a missing key gives no key values and the store's revision", async () => {
    const { store } = await open();
    const before = await revisionOf(store);
    expect(await store.range({ range: { kind: "key", key: "a" } })).toEqual({ revision: before, keyValues: [], count: 0, more: false });
    expect(before).toBeGreaterThan(0);
  });

  test("a key carries its value, revisions and version", async () => {
    const { store } = await open();
    const created = await put(store, "a", "one");
    const changed = await put(store, "a", "two");
    expect(changed.revision).toBe(created.revision + 1);
    const { keyValues } = await store.range({ range: { kind: "key", key: "a" } });
    expect(keyValues).toEqual([
      { key: "a", value: bytes("two"), createRevision: created.revision, modRevision: changed.revision, version: 2, leaseId: 0 },
    ]);
  });

  test("a key that is created again starts a new life at version 1", async () => {
    const { store } = await open();
    await put(store, "a", "one");
    await remove(store, "a");
    const again = await put(store, "a", "two");
    const { keyValues } = await all(store);
    expect(keyValues).toMatchObject([{ createRevision: again.revision, modRevision: again.revision, version: 1 }]);
  });

  test("values of any bytes, and none, come back unchanged", async () => {
    const { store } = await open();
    const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);
    await run(store, { kind: "put", key: "all", value: everyByte }, { kind: "put", key: "none", value: new Uint8Array(0) });
    const { keyValues } = await all(store);
    expect(keyValues.map(({ value }) => Array.from(value))).toEqual([Array.from(everyByte), []]);
  });

  test("a later change of the caller's buffer does not reach the store", async () => {
    const { store } = await open();
    const value = bytes("kept");
    await run(store, { kind: "put", key: "a", value: value.subarray(0, 4) });
    value.fill(0);
    expect(pairs((await all(store)).keyValues)).toEqual(["a=kept"]);
  });

  test("keys are ordered by their UTF-8 bytes", async () => {
    const { store } = await open();
    const ordered = ["\0", "A", "a", "a\0", "a/b", "ab", "é", "\u{ffff}", "\u{10000}"];
    for (const key of ordered.toReversed()) await put(store, key);
    expect((await all(store)).keyValues.map(({ key }) => key)).toEqual(ordered);
  });

  test("a prefix gives exactly the keys that begin with it", async () => {
    const { store } = await open();
    for (const key of ["a", "a/", "a/b", "a/é", "a/¿x", "a0", "b", "¿", "¿a", "À"]) await put(store, key);
    const keys = async (text: string): Promise<readonly string[]> =>
      (await store.range({ range: prefix(text) })).keyValues.map(({ key }) => key);
    expect(await keys("a/")).toEqual(["a/", "a/b", "a/¿x", "a/é"]);
    // The last byte of this prefix is the highest a continuation byte may be.
    expect(await keys("¿")).toEqual(["¿", "¿a"]);
    expect(await keys("c")).toEqual([]);
  });

  test("a span runs from its start up to but not including its end, or to the last key", async () => {
    const { store } = await open();
    for (const key of ["a", "b", "c", "d"]) await put(store, key);
    const span = async (start: string, end?: string): Promise<readonly string[]> =>
      (await store.range({ range: { kind: "span", start, ...(end === undefined ? {} : { end }) } })).keyValues.map(({ key }) => key);
    expect(await span("b", "d")).toEqual(["b", "c"]);
    expect(await span("b")).toEqual(["b", "c", "d"]);
    expect(await span("", "c")).toEqual(["a", "b"]);
    expect(await span("c", "b")).toEqual([]);
  });

  test("a limit cuts the answer and says so, the count does not change", async () => {
    const { store } = await open();
    for (const key of ["a", "b", "c"]) await put(store, key);
    expect(await store.range({ range: prefix(""), limit: 2 })).toMatchObject({
      count: 3,
      more: true,
      keyValues: [{ key: "a" }, { key: "b" }],
    });
    expect(await store.range({ range: prefix(""), limit: 3 })).toMatchObject({ count: 3, more: false });
  });

  test("values and key values can be left out", async () => {
    const { store } = await open();
    await put(store, "a", "one");
    const keysOnly = await store.range({ range: prefix(""), keysOnly: true });
    expect(pairs(keysOnly.keyValues)).toEqual(["a="]);
    expect(await store.range({ range: prefix(""), countOnly: true })).toMatchObject({ count: 1, keyValues: [], more: false });
  });

  test("a read at an earlier revision shows the store as it stood", async () => {
    const { store } = await open();
    const first = await put(store, "a", "one");
    const second = await put(store, "b", "two");
    const third = await run(store, { kind: "put", key: "a", value: bytes("three") }, { kind: "delete", range: { kind: "key", key: "b" } });
    expect(pairs((await all(store, first.revision)).keyValues)).toEqual(["a=one"]);
    expect(pairs((await all(store, second.revision)).keyValues)).toEqual(["a=one", "b=two"]);
    const now = await all(store, third.revision);
    expect(pairs(now.keyValues)).toEqual(["a=three"]);
    expect((await all(store, first.revision)).revision).toBe(third.revision);
  });

  test("a revision that does not exist yet is refused", async () => {
    const { store } = await open();
    const { revision } = await put(store, "a");
    await expect(all(store, revision + 1)).rejects.toMatchObject({ reason: "STORE_FUTURE_REVISION" });
  });

  test("a compacted revision is refused; the compacted one itself and current values stay readable", async () => {
    const { store } = await open();
    const first = await put(store, "a", "one");
    await put(store, "a", "two");
    const third = await put(store, "b", "three");
    await store.compact(third.revision);
    await expect(all(store, first.revision)).rejects.toMatchObject({ reason: "STORE_COMPACTED" });
    expect(pairs((await all(store, third.revision)).keyValues)).toEqual(["a=two", "b=three"]);
    expect(pairs((await all(store)).keyValues)).toEqual(["a=two", "b=three"]);
  });

  test("compacting twice at one revision, or ahead of the store, is refused", async () => {
    const { store } = await open();
    const { revision } = await put(store, "a");
    await store.compact(revision);
    await expect(store.compact(revision)).rejects.toMatchObject({ reason: "STORE_COMPACTED" });
    await expect(store.compact(revision + 1)).rejects.toMatchObject({ reason: "STORE_FUTURE_REVISION" });
  });

  test("keys that are no text, empty or too long are refused", async () => {
    const { store } = await open();
    for (const key of ["", "\u{d800}", "k".repeat(4_097)]) {
      await expect(put(store, key)).rejects.toMatchObject({ reason: "STORE_INVALID_REQUEST" });
      await expect(store.range({ range: { kind: "key", key } })).rejects.toMatchObject({ reason: "STORE_INVALID_REQUEST" });
    }
    const longest = "é".repeat(2_048);
    await put(store, longest);
    expect((await all(store)).count).toBe(1);
  });

  test("an aborted signal refuses the request", async () => {
    const { store } = await open();
    const signal = AbortSignal.abort(new Error("given up"));
    await expect(store.range({ range: prefix("") }, { signal })).rejects.toThrow("given up");
    await expect(store.transact({ success: [{ kind: "put", key: "a", value: bytes("") }] }, { signal })).rejects.toThrow("given up");
    expect((await all(store)).count).toBe(0);
  });
}
