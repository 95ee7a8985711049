import { fakeClock } from "@modelyard/core/testing";
import { describe, expect, test } from "vitest";
import { WritePace } from "./write-pace.ts";

describe("WritePace", () => {
  test("lets one service write twenty times at once, then once a second", async () => {
    const clock = fakeClock();
    const pace = new WritePace(clock);
    expect(Array.from({ length: 21 }, () => pace.takeUrgent("a"))).toEqual([...Array.from({ length: 20 }, () => 0), 1_000]);
    expect(pace.takeUrgent("b")).toBe(0);
    await clock.advance(1_000);
    expect([pace.takeUrgent("a"), pace.takeUrgent("a")]).toEqual([0, 1_000]);
  });

  test("lets traffic say that a model is gone, loading and loaded again, then speak every ten seconds; twenty times a second for all", async () => {
    const clock = fakeClock();
    const pace = new WritePace(clock);
    expect(Array.from({ length: 4 }, () => pace.takeIdle("a"))).toEqual([0, 0, 0, 10_000]);
    const waits = Array.from({ length: 40 }, (_, index) => pace.takeIdle(`s${index}`));
    expect(waits.filter((wait) => wait === 0)).toHaveLength(17);
    expect(pace.takeUrgent("a")).toBe(0);
    await clock.advance(1_000);
    const later = Array.from({ length: 40 }, (_, index) => pace.takeIdle(`t${index}`));
    expect(later.filter((wait) => wait === 0)).toHaveLength(20);
  });
});
