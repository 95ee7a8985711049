import { describe, expect, test } from "vitest";
import type { ModelRecord } from "../records.ts";
import { sampleModelRecord, sampleVModelRecord } from "../testing/sample-records.ts";
import { planTransition, type TransitionModel, type TransitionState } from "./plan-transition.ts";

const signature = { platform: "onnx", inputs: [], outputs: [] };
const crash = { atMs: 1, kind: "crash" } as const;

function model(more: Partial<ModelRecord> = {}, known: Partial<TransitionModel> = {}): TransitionModel {
  return { record: sampleModelRecord(more), local: undefined, refusedUntilMs: undefined, ...known };
}

function plan(
  state: Partial<TransitionState> & { readonly targetModelId?: string; readonly failed?: boolean },
): ReturnType<typeof planTransition> {
  const { targetModelId = "t", failed = false, ...more } = state;
  const vmodel = sampleVModelRecord("a", { targetModelId, targetRevision: 2, failed });
  return planTransition({ vmodel, active: model({ signature }), target: model(), otherInstances: new Set(["two"]), ...more });
}

describe("planTransition() of a settled vmodel", () => {
  const settled = { targetModelId: "a" };

  test("loads a model that was never loaded", () => {
    expect(plan({ ...settled, active: model() })).toEqual({ kind: "ensure", modelId: "a", reason: "it is new" });
  });

  test.each<[string, TransitionModel | undefined]>([
    ["was loaded before", model({ signature })],
    ["is being loaded here", model({}, { local: "Loading" })],
    ["is being loaded by a living instance", model({ copies: { two: { state: "loading", startedAtMs: 1 } } })],
    ["is quarantined", model({ crashes: [crash, crash] })],
    ["is not registered", undefined],
  ])("leaves alone a model that %s", (_what, active) => {
    expect(plan({ ...settled, active })).toEqual({ kind: "none" });
  });

  test("loads what an instance that is gone was loading", () => {
    expect(plan({ ...settled, active: model({ copies: { three: { state: "loading", startedAtMs: 1 } } }) })).toMatchObject({
      kind: "ensure",
    });
  });

  test("tries a model that failed again when the failure has expired", () => {
    expect(plan({ ...settled, active: model({}, { refusedUntilMs: 77 }) })).toEqual({ kind: "wait", untilMs: 77 });
  });
});

describe("planTransition() of a vmodel in transition", () => {
  test("loads the target, then switches, wherever it is loaded", () => {
    expect(plan({})).toMatchObject({ kind: "ensure", modelId: "t" });
    expect(plan({ target: model({}, { local: "Loading" }) })).toEqual({ kind: "none" });
    expect(plan({ target: model({ copies: { two: { state: "loading", startedAtMs: 1 } } }) })).toEqual({ kind: "none" });
    expect(plan({ target: model({}, { local: "Loaded" }) })).toEqual({ kind: "switch", targetModelId: "t" });
    expect(plan({ target: model({ copies: { two: { state: "loaded", startedAtMs: 1 } } }) })).toEqual({
      kind: "switch",
      targetModelId: "t",
    });
  });

  test("does not believe the copy of an instance that is gone", () => {
    expect(plan({ target: model({ copies: { three: { state: "loaded", startedAtMs: 1 } } }) })).toMatchObject({ kind: "ensure" });
  });

  test("says that the target fails, once, and waits for the failure to expire", () => {
    const target = model({}, { refusedUntilMs: 77 });
    expect(plan({ target })).toEqual({ kind: "markFailed", targetModelId: "t" });
    expect(plan({ target, failed: true })).toEqual({ kind: "wait", untilMs: 77 });
    expect(plan({ failed: true })).toMatchObject({ kind: "ensure" });
  });

  test("never switches to a quarantined target, and does not wait for it", () => {
    const target = model({ crashes: [crash, crash] }, { local: "Loaded", refusedUntilMs: Number.POSITIVE_INFINITY });
    expect(plan({ target })).toEqual({ kind: "markFailed", targetModelId: "t" });
    expect(plan({ target, failed: true })).toEqual({ kind: "none" });
  });

  test("leaves a target that is not registered alone", () => {
    expect(plan({ target: undefined })).toEqual({ kind: "none" });
  });
});
