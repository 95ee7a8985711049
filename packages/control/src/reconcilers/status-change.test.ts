import type { InferenceServiceStatus } from "@modelyard/api";
import { describe, expect, test } from "vitest";
import { isIdleChange } from "./status-reconciler.ts";

const ready = (activeModelState: "Loaded" | "Standby" | "Loading", more: Partial<InferenceServiceStatus> = {}): InferenceServiceStatus => ({
  conditions: [{ type: "Ready", status: "True" }],
  modelStatus: {
    transitionStatus: "UpToDate",
    states: { activeModelState, targetModelState: "" },
    copies: { failedCopies: 0, totalCopies: 1 },
  },
  modelyard: { revision: 1 },
  ...more,
});

describe("isIdleChange", () => {
  test("is an eviction, a load on request, another count of copies", () => {
    expect(isIdleChange(ready("Loaded"), ready("Standby"))).toBe(true);
    expect(isIdleChange(ready("Standby"), ready("Loading", { modelyard: { revision: 1, stage: "load" } }))).toBe(true);
  });

  test("is nothing somebody waits for", () => {
    expect(isIdleChange(undefined, ready("Loaded"))).toBe(false);
    expect(isIdleChange(ready("Loaded"), ready("Loaded", { modelyard: { revision: 2 } }))).toBe(false);
    expect(isIdleChange(ready("Loaded"), ready("Loaded", { observedGeneration: 2 }))).toBe(false);
    const failed = ready("Loaded", { conditions: [{ type: "Ready", status: "False" }] });
    expect([isIdleChange(ready("Loaded"), failed), isIdleChange(failed, ready("Loaded"))]).toEqual([false, false]);
  });
});
