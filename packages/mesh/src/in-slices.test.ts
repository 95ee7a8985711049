import { fakeClock } from "@modelyard/core/testing";
import { describe, expect, test } from "vitest";
import { inSlices, TurnBudget } from "./in-slices.ts";

function open(): {
  readonly clock: ReturnType<typeof fakeClock>;
  readonly stop: AbortController;
  readonly visited: number[][];
  readonly walk: (items: Iterable<number>) => Promise<boolean>;
} {
  const clock = fakeClock();
  const stop = new AbortController();
  const visited: number[][] = [];
  const walk = (items: Iterable<number>): Promise<boolean> =>
    inSlices(items, { clock, signal: stop.signal, size: 3 }, (slice) => visited.push([...slice]));
  return { clock, stop, visited, walk };
}

describe("inSlices()", () => {
  test("does what fits into one slice before it returns, and sets no timer", async () => {
    const { clock, visited, walk } = open();
    const walking = walk([1, 2, 3]);
    expect([visited, clock.pending]).toEqual([[[1, 2, 3]], 0]);
    expect(await walking).toBe(true);
  });

  test("waits for a turn of the event loop after each slice", async () => {
    const { clock, visited, walk } = open();
    const walking = walk([1, 2, 3, 4, 5, 6, 7]);
    expect(visited).toEqual([[1, 2, 3]]);
    expect(clock.pending).toBe(1);
    await clock.advance(0);
    expect(await walking).toBe(true);
    expect(visited).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
  });

  test("takes from what it walks no more than a slice ahead", () => {
    let taken = 0;
    const { walk } = open();
    const count = function* (): Generator<number> {
      for (;;) yield taken++;
    };
    void walk(count());
    expect(taken).toBe(4);
  });

  test("ends between two slices with its signal", async () => {
    const { stop, visited, walk } = open();
    const walking = walk([1, 2, 3, 4]);
    stop.abort();
    expect(await walking).toBe(false);
    expect(visited).toEqual([[1, 2, 3]]);
    expect(await walk([1])).toBe(false);
  });
});

describe("TurnBudget", () => {
  test("waits for a turn of the event loop when as much as a slice was done, in however many pieces", async () => {
    const clock = fakeClock();
    const budget = new TurnBudget({ clock, signal: new AbortController().signal, size: 3 });
    const waits: number[] = [];
    for (const count of [2, 1, 1, 5]) {
      const spending = budget.spend(count);
      waits.push(clock.pending);
      await clock.advance(0);
      await spending;
    }
    expect(waits).toEqual([0, 1, 0, 1]);
  });
});
