import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type EvictionCandidate, planEviction } from "./plan-eviction.ts";

function candidate(modelId: string, sizeBytes: number, holders = 0): EvictionCandidate {
  return { modelId, sizeBytes, holders };
}

function ids(candidates: readonly EvictionCandidate[]): readonly string[] {
  return candidates.map((one) => one.modelId);
}

describe("planEviction()", () => {
  test("takes nothing when the bytes are free or are coming free", () => {
    const state = { capacityBytes: 100, usedBytes: 90, leavingBytes: 20, byLastUse: [candidate("a", 50)] };
    expect(planEviction(state, 30)).toEqual({ unload: [], drain: [], shortBytes: 0 });
  });

  test("takes idle models in order of last use and no more than needed", () => {
    const byLastUse = [candidate("a", 30), candidate("b", 30), candidate("c", 30)];
    const plan = planEviction({ capacityBytes: 100, usedBytes: 90, leavingBytes: 0, byLastUse }, 40);
    expect(ids(plan.unload)).toEqual(["a"]);
  });

  test("passes over a model in use while idle ones are enough", () => {
    const byLastUse = [candidate("a", 50, 1), candidate("b", 50)];
    const plan = planEviction({ capacityBytes: 100, usedBytes: 100, leavingBytes: 0, byLastUse }, 50);
    expect([ids(plan.unload), ids(plan.drain)]).toEqual([["b"], []]);
  });

  test("drains models in use, least recently used first, when idle ones are not enough", () => {
    const byLastUse = [candidate("a", 50, 1), candidate("b", 20), candidate("c", 30, 2)];
    const plan = planEviction({ capacityBytes: 100, usedBytes: 100, leavingBytes: 0, byLastUse }, 60);
    expect([ids(plan.unload), ids(plan.drain), plan.shortBytes]).toEqual([["b"], ["a"], 0]);
  });

  test("says what loads under way withhold", () => {
    const plan = planEviction({ capacityBytes: 100, usedBytes: 100, leavingBytes: 0, byLastUse: [candidate("a", 40)] }, 70);
    expect([ids(plan.unload), plan.shortBytes]).toEqual([["a"], 30]);
  });

  test("repays a load that needed more than was predicted", () => {
    const plan = planEviction({ capacityBytes: 100, usedBytes: 130, leavingBytes: 0, byLastUse: [candidate("a", 50)] }, 0);
    expect(ids(plan.unload)).toEqual(["a"]);
  });

  test("holds for any state: enough is freed or everything goes; idle before in use; each in order of last use; nothing in excess", () => {
    const candidates = fc.array(fc.record({ sizeBytes: fc.nat(50), holders: fc.nat(2) }), { maxLength: 30 });
    fc.assert(
      fc.property(candidates, fc.nat(200), fc.nat(100), (sizes, neededBytes, extraBytes) => {
        const byLastUse = sizes.map((one, index) => ({ modelId: String(index), ...one }));
        const usedBytes = byLastUse.reduce((sum, one) => sum + one.sizeBytes, extraBytes);
        const plan = planEviction({ capacityBytes: 500, usedBytes, leavingBytes: 0, byLastUse }, neededBytes);
        const chosen = [...plan.unload, ...plan.drain];
        const freedBytes = chosen.reduce((sum, one) => sum + one.sizeBytes, 0);
        expect(usedBytes - freedBytes + neededBytes - plan.shortBytes).toBeLessThanOrEqual(Math.max(500, usedBytes - freedBytes));
        expect(plan.unload.every((one) => one.holders === 0)).toBe(true);
        const idle = byLastUse.filter((one) => one.holders === 0);
        expect(plan.unload).toEqual(idle.slice(0, plan.unload.length));
        const busy = byLastUse.filter((one) => one.holders > 0);
        expect(plan.drain).toEqual(busy.slice(0, plan.drain.length));
        if (plan.drain.length > 0) expect(plan.unload.length).toBe(idle.length);
        if (plan.shortBytes > 0) expect(chosen.length).toBe(byLastUse.length);
        const last = plan.drain.at(-1) ?? plan.unload.at(-1);
        const freeWithoutLast = 500 - usedBytes + freedBytes - (last?.sizeBytes ?? 0);
        if (last) expect(freeWithoutLast).toBeLessThan(neededBytes);
      }),
    );
  });
});
