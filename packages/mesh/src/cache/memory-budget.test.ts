import { failure } from "@modelyard/core";
import { type FakeClock, fakeClock } from "@modelyard/core/testing";
import { describe, expect, test } from "vitest";
import { MemoryBudget } from "./memory-budget.ts";

interface Bench {
  readonly clock: FakeClock;
  readonly budget: MemoryBudget;
  /** Room that was asked for. */
  readonly asked: (readonly [neededBytes: number, who: string])[];
  readonly granted: string[];
  readonly reserve: (who: string, bytes: number, signal?: AbortSignal) => Promise<void>;
}

function bench(): Bench {
  const clock = fakeClock();
  const asked: [number, string][] = [];
  const granted: string[] = [];
  const budget = new MemoryBudget({ clock, capacityBytes: 100, timeoutMs: 1_000, makeRoom: (bytes, who) => asked.push([bytes, who]) });
  const reserve: Bench["reserve"] = async (who, bytes, signal = new AbortController().signal) => {
    await budget.reserve(bytes, { who, signal });
    granted.push(who);
  };
  return { clock, budget, asked, granted, reserve };
}

describe("MemoryBudget", () => {
  test("grants what fits, asks for room for the first that does not, and grants in the order of asking", async () => {
    const { clock, budget, asked, granted, reserve } = bench();
    const all = [reserve("a", 80), reserve("b", 50), reserve("c", 10)];
    await clock.advance(0);
    expect([granted, asked[0]]).toEqual([["a"], [50, "b"]]);
    budget.release(80);
    await Promise.all(all);
    expect([granted, budget.usedBytes]).toEqual([["a", "b", "c"], 60]);
  });

  test("grants what a reservation that gave up stood in the way of", async () => {
    const { clock, granted, reserve } = bench();
    const abort = new AbortController();
    await reserve("a", 80);
    const timedOut = reserve("b", 50);
    const after = reserve("c", 10);
    await expect(Promise.all([timedOut, clock.advance(1_000)])).rejects.toMatchObject({
      reason: "MEMORY_EXHAUSTED",
      details: { neededBytes: 50 },
    });
    await after;
    const aborted = reserve("d", 50, abort.signal);
    const last = reserve("e", 10);
    abort.abort(failure("CANCELLED", { what: "The load" }));
    await expect(aborted).rejects.toMatchObject({ reason: "CANCELLED" });
    await last;
    expect(granted).toEqual(["a", "c", "e"]);
  });

  test("has what is used beyond the capacity repaid before anything is granted", async () => {
    const { clock, budget, asked, granted, reserve } = bench();
    await reserve("a", 60);
    budget.correct(50);
    const waiting = reserve("b", 1);
    const repaid = budget.repaid({ who: "a", signal: new AbortController().signal }).then(() => granted.push("repaid"));
    await clock.advance(0);
    expect([budget.usedBytes, asked.at(-1)]).toEqual([110, [0, "a"]]);
    budget.release(20);
    await Promise.all([waiting, repaid]);
    expect(granted).toEqual(["a", "repaid", "b"]);
  });

  test("refuses at once whoever has given up before asking", async () => {
    const { reserve } = bench();
    await expect(reserve("a", 1, AbortSignal.abort(failure("CANCELLED", { what: "The load" })))).rejects.toMatchObject({
      reason: "CANCELLED",
    });
  });
});
