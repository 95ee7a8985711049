import { describe, expect, it } from "vitest";
import { type BackOffState, planRestart } from "./back-off.ts";

function delaysOf(lives: readonly number[]): number[] {
  let state: BackOffState = { failures: 0 };
  return lives.map((readyForMs) => {
    const plan = planRestart(state, readyForMs);
    state = plan;
    return plan.delayMs;
  });
}

describe("planRestart()", () => {
  it("starts a process again almost at once, then doubles the wait up to five seconds", () => {
    expect(delaysOf(Array<number>(9).fill(0))).toEqual([50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  });

  it("forgets earlier deaths when the process worked for a second", () => {
    expect(delaysOf([0, 0, 0, 1_000, 0])).toEqual([50, 100, 200, 50, 100]);
  });

  it("does not overflow after very many deaths", () => {
    expect(delaysOf(Array<number>(2_000).fill(0)).at(-1)).toBe(5_000);
  });
});
