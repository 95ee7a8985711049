import { failure, type PlatformError } from "@modelyard/core";
import { describe, expect, test } from "vitest";
import { isWorthRecording, planAdmission, refusedUntilMs } from "./plan-admission.ts";
import type { ModelRecord } from "./records.ts";
import { sampleModelRecord } from "./testing/sample-records.ts";

const limits = { modelId: "ns/a__isvc-1", instanceId: "i1", failureExpiryMs: 900_000 };

function failed(error: PlatformError): ModelRecord {
  return sampleModelRecord({ failures: { i1: { atMs: 0, error: error.toPublic() } } });
}

const states = (record: ModelRecord): readonly unknown[] =>
  [5_000, 10_000, 899_999, 900_000].map((nowMs) => planAdmission({ ...limits, record, nowMs }).kind);

describe("a failed load", () => {
  test("is not tried again before it expires", () => {
    const record = failed(failure("MODEL_LOAD_FAILED", { why: "it is truncated" }));
    expect(states(record)).toEqual(["refuse", "refuse", "refuse", "load"]);
    expect(refusedUntilMs({ ...limits, record, nowMs: 1 })).toBe(900_000);
  });

  test("for want of a process of its own is worth saying, and tried again soon", () => {
    const error = failure("PROCESSES_EXHAUSTED", { limit: 8 });
    expect(isWorthRecording(error)).toBe(true);
    expect(states(failed(error))).toEqual(["refuse", "load", "load", "load"]);
  });

  test("for want of the artifact is tried again soon: control takes it in again meanwhile", () => {
    for (const reason of ["ARTIFACT_NOT_FOUND", "ARTIFACT_DAMAGED"] as const) {
      const record = failed(failure(reason, { digest: "d", problem: "it is missing" }));
      expect(states(record)).toEqual(["refuse", "load", "load", "load"]);
      expect(refusedUntilMs({ ...limits, record, nowMs: 1 })).toBe(10_000);
    }
  });
});
