/** What every driver does with transactions. */
import { describe, expect, test } from "vitest";
import type { Compare } from "../contract.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import { all, bytes, pairs, put, revisionOf, run } from "./store-under-test.ts";

/** Tests of `transact`. */
export function transactionContract(open: () => Promise<StoreUnderTest>): void {
  const everything = { kind: "prefix", prefix: "" } as const;

  test("all changes of a transaction are one revision", async () => {
    const { store } = await open();
    const before = await revisionOf(store);
    const { revision, succeeded } = await run(
      store,
      { kind: "put", key: "a", value: bytes("1") },
      { kind: "put", key: "b", value: bytes("2") },
    );
    expect({ revision, succeeded }).toEqual({ revision: before + 1, succeeded: true });
    expect((await all(store)).keyValues.map(({ modRevision }) => modRevision)).toEqual([revision, revision]);
  });

  test("a transaction that changes nothing makes no revision", async () => {
    const { store } = await open();
    const before = await revisionOf(store);
    const response = await run(store, { kind: "delete", range: everything }, { kind: "range", request: { range: everything } });
    expect(response.revision).toBe(before);
    expect(response.responses[0]).toEqual({ kind: "delete", deleted: 0, previous: [] });
  });

  test("operations see what earlier ones of the same transaction did", async () => {
    const { store } = await open();
    await put(store, "old", "gone");
    const { responses, revision } = await run(
      store,
      { kind: "range", request: { range: everything } },
      { kind: "put", key: "new", value: bytes("1") },
      { kind: "delete", range: { kind: "key", key: "old" } },
      { kind: "range", request: { range: everything } },
    );
    const answers = responses.map((one) => (one.kind === "range" ? [one.response.revision, pairs(one.response.keyValues)] : undefined));
    expect(answers[0]).toEqual([revision - 1, ["old=gone"]]);
    expect(answers[3]).toEqual([revision, ["new=1"]]);
  });

  test("previous values are given when asked for", async () => {
    const { store } = await open();
    await put(store, "a", "1");
    await put(store, "b", "2");
    const { responses } = await run(
      store,
      { kind: "put", key: "a", value: bytes("x"), previous: true },
      { kind: "put", key: "new", value: bytes("y"), previous: true },
      { kind: "delete", range: { kind: "key", key: "b" }, previous: true },
    );
    expect(responses[0]).toMatchObject({ kind: "put", previous: { key: "a", version: 1 } });
    expect(responses[1]).toEqual({ kind: "put" });
    expect(responses[2]).toMatchObject({ kind: "delete", deleted: 1, previous: [{ key: "b" }] });
  });

  test("a delete of a range says how many it deleted", async () => {
    const { store } = await open();
    for (const key of ["a/1", "a/2", "b"]) await put(store, key);
    const { responses } = await run(store, { kind: "delete", range: { kind: "prefix", prefix: "a/" } });
    expect(responses).toEqual([{ kind: "delete", deleted: 2, previous: [] }]);
    expect((await all(store)).keyValues.map(({ key }) => key)).toEqual(["b"]);
  });

  test("overlapping deletes delete each key once", async () => {
    const { store } = await open();
    for (const key of ["a", "b"]) await put(store, key);
    const { responses } = await run(store, { kind: "delete", range: { kind: "key", key: "a" } }, { kind: "delete", range: everything });
    expect(responses).toMatchObject([{ deleted: 1 }, { deleted: 1 }]);
  });

  test("when a compare does not hold, only the other branch runs", async () => {
    const { store } = await open();
    await put(store, "a", "1");
    const { succeeded, responses } = await store.transact({
      compare: [{ key: "a", target: "version", result: "equal", value: 7 }],
      success: [{ kind: "put", key: "a", value: bytes("wrong") }],
      failure: [{ kind: "range", request: { range: { kind: "key", key: "a" } } }],
    });
    expect(succeeded).toBe(false);
    expect(responses).toMatchObject([{ kind: "range", response: { count: 1 } }]);
    expect(pairs((await all(store)).keyValues)).toEqual(["a=1"]);
  });

  test("of many writers that compare the same revision exactly one wins", async () => {
    const { store } = await open();
    const { revision } = await put(store, "a", "start");
    const attempts = Array.from({ length: 20 }, (_, index) =>
      store.transact({
        compare: [{ key: "a", target: "modRevision", result: "equal", value: revision }],
        success: [{ kind: "put", key: "a", value: bytes(String(index)) }],
      }),
    );
    const won = (await Promise.all(attempts)).flatMap(({ succeeded }, index) => (succeeded ? [index] : []));
    expect(won).toHaveLength(1);
    expect(pairs((await all(store)).keyValues)).toEqual([`a=${won[0]}`]);
  });

  describe("a compare", () => {
    const cases: readonly (readonly [string, Compare, boolean])[] = [
      ["of an equal value holds", { key: "a", target: "value", result: "equal", value: bytes("m") }, true],
      ["of another value does not hold as equal", { key: "a", target: "value", result: "equal", value: bytes("n") }, false],
      ["of values orders them by bytes", { key: "a", target: "value", result: "greater", value: bytes("lz") }, true],
      ["of values can ask for less", { key: "a", target: "value", result: "less", value: bytes("ma") }, true],
      ["of the value of a missing key never holds", { key: "none", target: "value", result: "notEqual", value: bytes("m") }, false],
      ["of a missing key sees revision 0", { key: "none", target: "createRevision", result: "equal", value: 0 }, true],
      ["of a missing key sees version 0", { key: "none", target: "version", result: "less", value: 1 }, true],
      ["of an existing key sees a revision above 0", { key: "a", target: "modRevision", result: "greater", value: 0 }, true],
      ["of the version counts changes", { key: "a", target: "version", result: "equal", value: 2 }, true],
      ["of the lease sees none", { key: "a", target: "leaseId", result: "equal", value: 0 }, true],
      ["of unequal numbers holds as not equal", { key: "a", target: "version", result: "notEqual", value: 1 }, true],
    ];
    test.each(cases)("%s", async (_title, compare, holds) => {
      const { store } = await open();
      await put(store, "a", "l");
      await put(store, "a", "m");
      expect((await store.transact({ compare: [compare], success: [] })).succeeded).toBe(holds);
    });
  });

  test("a key that is put twice, or put and deleted, in one transaction is refused", async () => {
    const { store } = await open();
    const one = { kind: "put", key: "a", value: bytes("1") } as const;
    await expect(run(store, one, one)).rejects.toMatchObject({ reason: "STORE_DUPLICATE_KEY", details: { key: "a" } });
    await expect(run(store, one, { kind: "delete", range: everything })).rejects.toMatchObject({ reason: "STORE_DUPLICATE_KEY" });
    await expect(store.transact({ success: [], failure: [one, one] })).rejects.toMatchObject({ reason: "STORE_DUPLICATE_KEY" });
    expect((await all(store)).count).toBe(0);
  });

  test("128 operations a branch are taken, more are refused", async () => {
    const { store } = await open();
    const puts = Array.from({ length: 129 }, (_, index) => ({ kind: "put", key: `k${index}`, value: bytes("") }) as const);
    await expect(run(store, ...puts)).rejects.toMatchObject({ reason: "STORE_INVALID_REQUEST" });
    await run(store, ...puts.slice(1));
    expect((await all(store)).count).toBe(128);
  });

  test("a transaction that is refused has no effect at all", async () => {
    const { store } = await open();
    const before = await revisionOf(store);
    const write = { kind: "put", key: "a", value: bytes("1") } as const;
    const future = { kind: "range", request: { range: everything, revision: before + 100 } } as const;
    await expect(run(store, write, future)).rejects.toMatchObject({ reason: "STORE_FUTURE_REVISION" });
    await expect(run(store, write, { ...write, key: "b", leaseId: 123 })).rejects.toMatchObject({ reason: "STORE_LEASE_NOT_FOUND" });
    expect(await all(store)).toMatchObject({ revision: before, count: 0 });
  });
}
