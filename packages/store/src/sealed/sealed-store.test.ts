import { seededRandom } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { describe, expect, test } from "vitest";
import type { Store } from "../contract.ts";
import { memoryStore } from "../memory/memory-store.ts";
import { compareModRevision, getKey, putOperation } from "../operations.ts";
import { storeContract } from "../testing/store-contract.ts";
import { bytes, pairs, run, text, told, WatchReader } from "../testing/store-under-test.ts";
import { sealedStore } from "./sealed-store.ts";
import { valueSeal } from "./value-seal.ts";

const secret = Buffer.alloc(32, 7);
const isSealed = (key: string): boolean => key.startsWith("secret/");

function stores(seal = valueSeal(secret)): { readonly behind: Store; readonly store: Store } {
  const behind = memoryStore({ clock: fakeClock(), random: seededRandom(1) });
  return { behind, store: sealedStore(behind, { seal, isSealed }) };
}

storeContract("sealed, for keys that are not sealed", () => {
  const clock = fakeClock();
  const store = sealedStore(memoryStore({ clock, random: seededRandom(1) }), { seal: valueSeal(secret), isSealed });
  return Promise.resolve({ store, passSeconds: (seconds) => clock.advance(seconds * 1_000), close: () => store.close() });
});

describe("a sealed store", () => {
  test("gives back what was written, and keeps ciphertext behind it", async () => {
    const { behind, store } = stores();
    await run(store, putOperation("secret/a", bytes("the password")), putOperation("open/a", bytes("plain")));
    expect(text(await getKey(store, "secret/a"))).toBe("the password");
    expect(text(await getKey(behind, "open/a"))).toBe("plain");
    const kept = (await getKey(behind, "secret/a"))?.value ?? new Uint8Array();
    expect(Buffer.from(kept).toString("latin1")).not.toContain("password");
  });

  test("opens values in ranges, transactions, and what was there before", async () => {
    const { store } = stores();
    await run(store, putOperation("secret/a", bytes("one")));
    const answer = await run(
      store,
      { kind: "range", request: { range: { kind: "prefix", prefix: "secret/" } } },
      { kind: "put", key: "secret/a", value: bytes("two"), previous: true },
    );
    expect(
      answer.responses.map((one) =>
        one.kind === "range" ? pairs(one.response.keyValues) : text(one.kind === "put" ? one.previous : undefined),
      ),
    ).toEqual([["secret/a=one"], "one"]);
    const gone = await run(store, { kind: "delete", range: { kind: "key", key: "secret/a" }, previous: true });
    expect(gone.responses.map((one) => one.kind === "delete" && pairs(one.previous))).toEqual([["secret/a=two"]]);
  });

  test("opens values in watches", async () => {
    const { store } = stores();
    const watch = store.watch({ range: { kind: "prefix", prefix: "secret/" }, previous: true });
    await watch.started;
    await run(store, putOperation("secret/a", bytes("one")));
    await run(store, putOperation("secret/a", bytes("two")));
    await run(store, { kind: "delete", range: { kind: "key", key: "secret/a" } });
    const events = await new WatchReader(watch).take(3);
    expect(told(events)).toEqual(["put secret/a=one", "put secret/a=two", "delete secret/a"]);
    expect(text(events[2]?.previous)).toBe("two");
    watch.close();
  });

  test("compares revisions of sealed keys, and refuses to compare their values", async () => {
    const { store } = stores();
    const { revision } = await run(store, putOperation("secret/a", bytes("one")));
    const answer = await store.transact({
      compare: [compareModRevision("secret/a", revision)],
      success: [putOperation("secret/a", bytes("two"))],
    });
    expect(answer.succeeded).toBe(true);
    const compare = [{ key: "secret/a", result: "equal", target: "value", value: bytes("two") } as const];
    await expect(store.transact({ compare, success: [] })).rejects.toThrow("is not compared");
  });
});

describe("valueSeal()", () => {
  const seal = valueSeal(secret);

  test("seals the same value differently each time", () => {
    expect(seal.seal("k", bytes("v"))).not.toEqual(seal.seal("k", bytes("v")));
  });

  test.each([
    ["of another key", (sealed: Uint8Array) => valueSeal(secret).open("other", sealed)],
    ["with another secret", (sealed: Uint8Array) => valueSeal(Buffer.alloc(32, 8)).open("k", sealed)],
    ["with a changed byte", (sealed: Uint8Array) => seal.open("k", sealed.with(-1, (sealed.at(-1) ?? 0) ^ 1))],
    ["that is cut", (sealed: Uint8Array) => seal.open("k", sealed.subarray(0, 20))],
    ["that was never sealed", () => seal.open("k", bytes("{}"))],
  ])("does not open a value %s", (_what, open) => {
    expect(() => open(seal.seal("k", bytes("v")))).toThrow(expect.objectContaining({ reason: "STORE_VALUE_SEALED" }));
  });
});
