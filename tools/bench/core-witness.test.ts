import { describe, expect, test } from "vitest";
import { type Absence, absentMs } from "./core-witness.ts";

const absence = (fromMs: number, untilMs: number): Absence => ({ fromMs, untilMs, lengthMs: untilMs - fromMs - 1 });

describe("absentMs()", () => {
  test("counts what an absence and a turn have in common", () => {
    expect(absentMs([absence(0, 10)], 6, 20)).toBe(4);
    expect(absentMs([absence(0, 10)], 10, 20)).toBe(0);
  });

  test("counts no more of an absence than its length, which is without the millisecond that was waited for", () => {
    expect(absentMs([absence(5, 15)], 0, 20)).toBe(9);
  });

  test("adds up several", () => {
    expect(absentMs([absence(0, 5), absence(10, 16), absence(100, 110)], 0, 50)).toBe(9);
  });
});
