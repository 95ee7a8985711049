import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { ShardedIndex } from "./sharded-index.ts";
import { ShardedMap } from "./sharded-map.ts";

const key = fc.constantFrom("", "a", "b", "ns/one", "ns/two", "é", "default/many-1__isvc-0000000000");
const change = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), key, value: fc.nat() }),
  fc.record({ kind: fc.constant("delete" as const), key, value: fc.constant(0) }),
);

describe("ShardedMap", () => {
  test("is a map, whatever is set and deleted", () => {
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const [map, expected] = [new ShardedMap<number>(), new Map<string, number>()];
        for (const one of changes) {
          if (one.kind === "delete") expect(map.delete(one.key)).toBe(expected.delete(one.key));
          else {
            map.set(one.key, one.value);
            expected.set(one.key, one.value);
          }
        }
        expect(map.size).toBe(expected.size);
        expect(new Map(map)).toEqual(expected);
        expect(new Set(map.keys())).toEqual(new Set(expected.keys()));
        expect([...map.values()].toSorted((a, b) => a - b)).toEqual([...expected.values()].toSorted((a, b) => a - b));
        for (const one of ["", "a", "ns/one"]) expect([map.has(one), map.get(one)]).toEqual([expected.has(one), expected.get(one)]);
      }),
    );
  });

  test("moves few entries when it grows: ids that differ in a number only are spread evenly", () => {
    const map = new ShardedMap<number>();
    const spy = vi.spyOn(Map.prototype, "set");
    for (let index = 0; index < 20_000; index++) map.set(`default/many-${index}__isvc-0000000000`, index);
    const shards = new Set(
      spy.mock.contexts.filter((one) => one instanceof Map && String(one.keys().next().value).startsWith("default/many-")),
    );
    spy.mockRestore();
    const sizes = Array.from(shards, (one) => (one as Map<string, number>).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(20_000);
    // 20 on average.
    expect(Math.max(...sizes)).toBeLessThan(60);
  });

  test("may be changed while it is walked", () => {
    const map = new ShardedMap<number>();
    for (let index = 0; index < 100; index++) map.set(String(index), index);
    for (const one of map.keys()) map.delete(one);
    expect([map.size, [...map]]).toEqual([0, []]);
  });
});

describe("ShardedIndex", () => {
  test("knows of each id all that belong to it, whatever is added and deleted", () => {
    const link = fc.record({ isAdded: fc.boolean(), from: fc.constantFrom("a", "b"), to: fc.constantFrom("x", "y", "z") });
    fc.assert(
      fc.property(fc.array(link), (links) => {
        const index = new ShardedIndex();
        const expected = new Set<string>();
        for (const { isAdded, from, to } of links) {
          if (isAdded) index.add(from, to);
          else index.delete(from, to);
          if (isAdded) expected.add(from + to);
          else expected.delete(from + to);
        }
        const found = ["a", "b"].flatMap((from) => [...index.of(from)].map((to) => from + to));
        expect(new Set(found)).toEqual(expected);
      }),
    );
  });
});
