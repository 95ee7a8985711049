import { failure } from "@modelyard/core";
import { describe, expect, test } from "vitest";
import { planHousekeeping, planWarmUp } from "./instance/plan-housekeeping.ts";
import { mergeFacts, withFacts } from "./model-facts.ts";
import { quarantineFailure } from "./model-state.ts";
import type { CopyRecord, FailureRecord, ModelRecord } from "./records.ts";
import { sampleModelRecord } from "./testing/sample-records.ts";

const copy: CopyRecord = { state: "loaded", startedAtMs: 1, sizeBytes: 10 };
const failed: FailureRecord = { atMs: 1_000, error: failure("MODEL_LOAD_FAILED", { why: "test" }).toPublic() };
const crash = { atMs: 5, kind: "crash" } as const;
const quarantined: FailureRecord = { atMs: 5, error: quarantineFailure({ crashes: [crash, crash] }).toPublic() };

describe("withFacts()", () => {
  test("gives the same object when nothing worth a write changes", () => {
    const record = sampleModelRecord({ copies: { one: copy } });
    expect(withFacts(record, "one", { copy: { ...copy }, failure: "none", lastUsedMs: 99 })).toBe(record);
  });

  test("changes the instance's own entries only", () => {
    const record = sampleModelRecord({ copies: { one: copy, two: copy }, failures: { two: failed } });
    const next = withFacts(record, "one", { copy: "none", failure: failed });
    expect([next.copies, next.failures]).toEqual([{ two: copy }, { one: failed, two: failed }]);
  });

  test("adds a crash once, and keeps the last ten", () => {
    const crashes = Array.from({ length: 12 }, (_, atMs) => ({ atMs, kind: "hang" as const }));
    expect(withFacts(sampleModelRecord({ crashes: [crash] }), "one", { crashes: [crash] }).crashes).toEqual([crash]);
    expect(withFacts(sampleModelRecord(), "one", { crashes }).crashes.map((one) => one.atMs)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  test("never sets the last use back, nor replaces a signature", () => {
    const signature = { platform: "first", inputs: [], outputs: [] };
    const record = sampleModelRecord({ lastUsedMs: 50, signature });
    const next = withFacts(record, "one", { copy, lastUsedMs: 40, signature: { ...signature, platform: "second" } });
    expect([next.lastUsedMs, next.signature?.platform]).toEqual([50, "first"]);
  });

  test("removes what instances that are gone left behind, but not the word that the model is quarantined", () => {
    const record = sampleModelRecord({ copies: { two: copy, three: copy }, failures: { two: failed, three: quarantined } });
    const next = withFacts(record, "one", { goneInstances: new Set(["two", "three"]) });
    expect([next.copies, next.failures]).toEqual([{}, { three: quarantined }]);
  });
});

test("mergeFacts() keeps the newer of each kind and every crash", () => {
  const merged = mergeFacts({ copy, crashes: [crash], lastUsedMs: 1 }, { copy: "none", crashes: [{ ...crash, atMs: 6 }] });
  expect(merged).toEqual({ copy: "none", crashes: [crash, { ...crash, atMs: 6 }], lastUsedMs: 1 });
});

describe("planHousekeeping()", () => {
  function plan(record: ModelRecord, local?: CopyRecord, goneInstances: readonly string[] = []): ReturnType<typeof planHousekeeping> {
    const limits = { instanceId: "one", nowMs: 2_000, failureExpiryMs: 900 };
    return planHousekeeping({ ...limits, models: [["m", record]], localCopy: () => local, goneInstances: new Set(goneInstances) });
  }

  test("says what is loaded and not recorded, takes back what is recorded and not loaded", () => {
    expect(plan(sampleModelRecord(), copy)).toEqual([["m", { copy }]]);
    expect(plan(sampleModelRecord({ copies: { one: copy } }))).toEqual([["m", { copy: "none" }]]);
    expect(plan(sampleModelRecord({ copies: { one: copy } }), copy)).toEqual([]);
  });

  test("forgets its own expired failures, not others' and not a quarantine", () => {
    expect(plan(sampleModelRecord({ failures: { one: failed, two: failed } }))).toEqual([["m", { failure: "none" }]]);
    expect(plan(sampleModelRecord({ failures: { one: { ...failed, atMs: 1_101 } } }))).toEqual([]);
    expect(plan(sampleModelRecord({ failures: { one: quarantined }, crashes: [crash, { ...crash, atMs: 6 }] }))).toEqual([]);
  });

  test("removes instances that are gone from the records that mention them", () => {
    expect(plan(sampleModelRecord({ copies: { two: copy } }), undefined, ["two"])).toEqual([["m", { goneInstances: new Set(["two"]) }]]);
    expect(plan(sampleModelRecord({ copies: { three: copy } }), undefined, ["two"])).toEqual([]);
  });
});

test("planWarmUp() takes the last used first, within four fifths of the memory and the limit, and nothing quarantined", () => {
  const had = (lastUsedMs: number, more: Partial<ModelRecord> = {}): ModelRecord =>
    sampleModelRecord({ copies: { one: copy }, lastUsedMs, ...more });
  const models = Object.entries({
    a: had(1),
    b: had(3),
    c: had(2),
    bad: had(9, { crashes: [crash, crash] }),
    other: sampleModelRecord({ copies: { two: copy } }),
  });
  const limits = { instanceId: "one", capacityBytes: 1_000, maxModels: 10 };
  expect(planWarmUp(models, limits)).toEqual(["b", "c", "a"]);
  expect(planWarmUp(models, { ...limits, maxModels: 2 })).toEqual(["b", "c"]);
  expect(planWarmUp(models, { ...limits, capacityBytes: 20 })).toEqual(["b"]);
});
