import { silentLog } from "@modelyard/core";
import { type FakeClock, fakeClock } from "@modelyard/core/testing";
import type { LoadedModel } from "@modelyard/runtimes";
import { fakeRuntime } from "@modelyard/runtimes/testing";
import { describe, expect, test } from "vitest";
import { Departures } from "./departures.ts";
import { MemoryBudget } from "./memory-budget.ts";

interface Bench {
  readonly clock: FakeClock;
  readonly budget: MemoryBudget;
  readonly departures: Departures;
  /** A model of 40 bytes that is charged for. */
  readonly model: LoadedModel;
  readonly attempts: () => number;
  /** Waits for its departure for a second. */
  readonly over: () => Promise<void>;
}

async function bench(): Promise<Bench> {
  const clock = fakeClock();
  const budget = new MemoryBudget({ clock, capacityBytes: 100, timeoutMs: 1_000, makeRoom: () => {} });
  let attempts = 0;
  const departures = new Departures({ clock, log: silentLog(), budget, onAttemptFailed: () => attempts++ });
  const runtime = fakeRuntime({ clock, behaviour: { sizeBytes: 40 } });
  const model = await runtime.load({ modelId: "m", modelType: "onnx", artifactDigest: "d", parameters: {} });
  budget.correct(model.sizeBytes);
  const { signal } = new AbortController();
  return {
    clock,
    budget,
    departures,
    model,
    attempts: () => attempts,
    over: () => departures.over("m", { clock, limitMs: 1_000, signal }),
  };
}

describe("Departures", () => {
  test("hold up who wants the model again until its copy is unloaded, and then its bytes are free", async () => {
    const { budget, departures, model, over } = await bench();
    await over();
    departures.begin("m", model.sizeBytes);
    expect([departures.size, budget.usedBytes, budget.leavingBytes]).toEqual([1, 40, 40]);
    let isOver = false;
    const waiting = over().then(() => {
      isOver = true;
    });
    const told: unknown[] = [];
    await departures.unload(model, (isFreed) => told.push(isFreed, isOver, budget.usedBytes));
    await Promise.all([waiting, departures.allOver()]);
    expect(told).toEqual([true, false, 40]);
    expect([departures.size, budget.usedBytes, budget.leavingBytes]).toEqual([0, 0, 0]);
  });

  test("keep the bytes of a copy that the runtime refuses to unload, which nobody waits for any more", async () => {
    const { clock, budget, departures, model, attempts, over } = await bench();
    departures.begin("m", model.sizeBytes);
    const stuck: LoadedModel = { ...model, unload: () => Promise.reject(new Error("refused")) };
    const told: boolean[] = [];
    const unloading = departures.unload(stuck, (isFreed) => told.push(isFreed));
    await clock.advance(60_000);
    await unloading;
    await over();
    expect([attempts(), told, budget.usedBytes, budget.leavingBytes]).toEqual([5, [false], 40, 0]);
  });

  test("are waited for no longer than the limit", async () => {
    const { clock, departures, model, over } = await bench();
    departures.begin("m", model.sizeBytes);
    const waiting = expect(over()).rejects.toMatchObject({ reason: "UNAVAILABLE" });
    await clock.advance(1_000);
    await waiting;
  });
});
