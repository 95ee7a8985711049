import { describe, expect, it } from "vitest";
import type { PreparedRows } from "../prepare/prepared-info.ts";
import { type Batching, type BatchingFacts, planBatching } from "./plan-batching.ts";

const dense: PreparedRows = { kind: "independent", rows: 32, micros: 80 };
const plan = (
  parameters: Readonly<Record<string, string>> = {},
  info: BatchingFacts["info"] = { rows: dense, runMicros: 17.7 },
): Batching | undefined => planBatching({ info, parameters, longestMicros: 500 });

describe("planBatching()", () => {
  it("takes as many rows as fit in the longest run, without a wait", () => {
    expect(plan()).toEqual({ maxRows: 200, maxDelayMs: 0 });
  });

  it("takes 8 to 256 rows, however long or short they run", () => {
    expect(plan({}, { rows: { kind: "independent", rows: 32, micros: 32_000 }, runMicros: 2_000 })?.maxRows).toBe(8);
    expect(plan({}, { rows: { kind: "independent", rows: 32, micros: 3 }, runMicros: 4 })?.maxRows).toBe(256);
  });

  it("runs requests alone where rows are not independent, whatever the parameters say", () => {
    const rows: PreparedRows = { kind: "together", why: "the operator ReduceMean mixes rows, or may" };
    expect(plan({ max_batch_size: "16" }, { rows, runMicros: 17.7 })).toBeUndefined();
  });

  it("runs requests alone where that is no slower, unless it is asked for", () => {
    const info = { rows: { kind: "independent", rows: 32, micros: 640 } as const, runMicros: 25 };
    expect(plan({}, info)).toBeUndefined();
    expect(plan({ max_batch_size: "16" }, info)).toEqual({ maxRows: 16, maxDelayMs: 0 });
  });

  it("takes Triton's words for size and delay", () => {
    expect(plan({ max_batch_size: "16", max_queue_delay_microseconds: "2000" })).toEqual({ maxRows: 16, maxDelayMs: 2 });
    expect(plan({ max_batch_size: "0" })).toBeUndefined();
    expect(plan({ max_batch_size: "1" })).toBeUndefined();
  });

  it.each([
    ["max_batch_size", "-1"],
    ["max_batch_size", "5000"],
    ["max_queue_delay_microseconds", "soon"],
  ])("refuses %s %s", (name, value) => {
    expect(() => plan({ [name]: value })).toThrow(`the parameter "${name}" is "${value}" and must be a whole number`);
  });
});
