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
    expect(plan()).toEqual({ maxRows: 200, maxDelayMs: 0, startRows: 200 });
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
    expect(plan({ max_batch_size: "16" }, info)).toEqual({ maxRows: 16, maxDelayMs: 0, startRows: 16 });
  });

  it("takes Triton's words for size and delay", () => {
    expect(plan({ max_batch_size: "16", max_queue_delay_microseconds: "2000" })).toEqual({ maxRows: 16, maxDelayMs: 2, startRows: 16 });
    expect(plan({ max_batch_size: "0" })).toBeUndefined();
    expect(plan({ max_batch_size: "1" })).toBeUndefined();
  });

  it("takes the words of Triton's dynamic_batching, each by itself or together as JSON", () => {
    const wanted = { maxRows: 16, maxDelayMs: 0.1, startRows: 4 };
    const words = { preferred_batch_size: [8, 4], max_queue_delay_microseconds: 100 };
    const sized = { max_batch_size: "16" };
    expect(plan({ ...sized, dynamic_batching: JSON.stringify(words) })).toEqual(wanted);
    expect(plan({ ...sized, preferred_batch_size: "8, 4", max_queue_delay_microseconds: "100" })).toEqual(wanted);
    expect(plan({ ...sized, dynamic_batching: JSON.stringify(words), max_queue_delay_microseconds: "0" })?.maxDelayMs).toBe(0);
  });

  it("takes what Triton's own configuration says as JSON, defaults and all", () => {
    const written = {
      preferred_batch_size: [],
      max_queue_delay_microseconds: "100",
      preserve_ordering: true,
      priority_levels: "0",
      default_priority_level: 0,
      priority_queue_policy: {},
    };
    expect(plan({ dynamic_batching: JSON.stringify(written) })).toEqual({ maxRows: 200, maxDelayMs: 0.1, startRows: 200 });
  });

  it("runs requests together that it was asked to, if only by an empty dynamic_batching", () => {
    const info = { rows: { kind: "independent", rows: 32, micros: 640 } as const, runMicros: 25 };
    expect(plan({ dynamic_batching: "{}" }, info)?.maxDelayMs).toBe(0);
  });

  it.each([
    ['{"priority_levels":2}', '"priority_levels" in the parameter "dynamic_batching" is not supported'],
    ['{"default_queue_policy":{"max_queue_size":9}}', '"default_queue_policy" in the parameter'],
    ["yes", 'the parameter "dynamic_batching" is "yes" and must be a JSON object'],
    ["[4]", "must be a JSON object"],
    ['{"preferred_batch_size":[4,0]}', 'the parameter "preferred_batch_size" is "0" and must be a whole number from 1'],
    ['{"preferred_batch_size":[32]}', 'the parameter "preferred_batch_size" is "32" and must be a whole number from 1 to 16'],
    ['{"max_queue_delay_microseconds":1.5}', 'the parameter "max_queue_delay_microseconds" is "1.5"'],
  ])("refuses dynamic_batching %s", (text, why) => {
    expect(() => plan({ max_batch_size: "16", dynamic_batching: text })).toThrow(why);
  });

  it.each([
    ["max_batch_size", "-1"],
    ["max_batch_size", "5000"],
    ["max_queue_delay_microseconds", "soon"],
  ])("refuses %s %s", (name, value) => {
    expect(() => plan({ [name]: value })).toThrow(`the parameter "${name}" is "${value}" and must be a whole number`);
  });
});
