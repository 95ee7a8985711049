import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TurnRing } from "./turn-ring.ts";

function ringOf(...items: readonly (readonly [owner: number, item: string])[]): TurnRing<string> {
  const ring = new TurnRing<string>();
  for (const [owner, item] of items) ring.add(owner, item);
  return ring;
}

describe("TurnRing", () => {
  it("gives each owner a turn before one has its second", () => {
    const ring = ringOf([1, "a"], [1, "b"], [1, "c"], [2, "x"], [3, "y"]);
    expect(Array.from({ length: 6 }, () => ring.take(() => 1))).toEqual([["a"], ["x"], ["y"], ["b"], ["c"], []]);
  });

  it("makes a turn as long as its first item says, and never empty while there is something", () => {
    const ring = ringOf([1, "a"], [1, "b"], [1, "c"], [2, "x"]);
    expect([ring.take(() => 2), ring.take(() => 0), ring.take(() => 9), ring.take(() => 1)]).toEqual([["a", "b"], ["x"], ["c"], []]);
  });

  it("puts who comes anew behind those who wait", () => {
    const ring = ringOf([1, "a"], [1, "b"]);
    ring.take(() => 1);
    ring.add(2, "x");
    ring.add(1, "c");
    expect([ring.take(() => 1), ring.take(() => 1), ring.take(() => 1)]).toEqual([["b"], ["x"], ["c"]]);
  });

  it("gives everything out once, each owner's in order, and lets nobody have two turns while another waits", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 })), fc.integer({ min: 1, max: 3 }), (owners, size) => {
        const ring = new TurnRing<{ readonly owner: number; readonly index: number }>();
        for (const [index, owner] of owners.entries()) ring.add(owner, { owner, index });
        const turns = [];
        for (let turn = ring.take(() => size); turn.length > 0; turn = ring.take(() => size)) turns.push(turn);
        for (const owner of new Set(owners)) {
          const given = turns.flat().filter((item) => item.owner === owner);
          expect(given.map(({ index }) => index)).toEqual(owners.flatMap((one, index) => (one === owner ? [index] : [])));
        }
        for (const [at, turn] of turns.entries()) {
          const isAlone = turns.slice(at).every(([item]) => item?.owner === turn[0]?.owner);
          expect(isAlone || turns[at + 1]?.[0]?.owner !== turn[0]?.owner).toBe(true);
        }
      }),
    );
  });
});
