import { OwedWork } from "@modelyard/core";
import { type WorkClock, workClock } from "@modelyard/core/testing";
import { describe, expect, test } from "vitest";
import { type Held, TurnShare } from "./turn-share.ts";

const turnEnd = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Something held that takes so long for each of its parts, and notes when they are delivered. */
function held(name: string, parts: number, { clock, notes, partMs }: { clock: WorkClock; notes: string[]; partMs: number }): Held {
  let left = parts;
  return {
    deliver() {
      notes.push(name);
      clock.work(partMs);
      return --left > 0;
    },
  };
}

describe("TurnShare", () => {
  test("is not spent by little work, nor by time in which nothing was done", () => {
    const clock = workClock();
    const turns = new TurnShare(clock);
    const sinceMs = clock.monotonicMs();
    clock.work(0.2);
    turns.spend(sinceMs);
    clock.work(1_000);
    expect(turns.isSpent(clock.monotonicMs())).toBe(false);
  });

  test("is spent when work has taken a millisecond, until the turn is over", async () => {
    const clock = workClock();
    const turns = new TurnShare(clock);
    for (let read = 0; read < 4; read++) {
      expect(turns.isSpent(clock.monotonicMs())).toBe(false);
      const sinceMs = clock.monotonicMs();
      clock.work(0.25);
      turns.spend(sinceMs);
    }
    expect(turns.isSpent(clock.monotonicMs())).toBe(true);
    await turnEnd();
    expect(turns.isSpent(clock.monotonicMs())).toBe(false);
  });

  test("is spent when a millisecond of work was put off, or what was done and what was put off are one together, until that is done", () => {
    const clock = workClock();
    const owed = new OwedWork();
    const turns = new TurnShare(clock, owed);
    owed.micros = 999;
    expect(turns.isSpent(clock.monotonicMs())).toBe(false);
    owed.micros = 1_000;
    expect(turns.isSpent(clock.monotonicMs())).toBe(true);
    owed.micros = 600;
    const sinceMs = clock.monotonicMs();
    clock.work(0.5);
    turns.spend(sinceMs);
    expect(turns.isSpent(clock.monotonicMs())).toBe(true);
    owed.micros = 0;
    expect(turns.isSpent(clock.monotonicMs())).toBe(false);
  });

  test("delivers nothing of what is held while a millisecond of work is owed, or what is owed would grow with each turn", async () => {
    const clock = workClock();
    const owed = new OwedWork();
    const turns = new TurnShare(clock, owed);
    const notes: string[] = [];
    owed.micros = 1_500;
    turns.hold(held("a", 1, { clock, notes, partMs: 0.1 }));
    for (let turn = 0; turn < 3; turn++) await turnEnd();
    expect(notes).toEqual([]);
    owed.micros = 0;
    await turnEnd();
    expect(notes).toEqual(["a"]);
  });

  test("delivers what is held in order, a millisecond of it in each turn", async () => {
    const clock = workClock();
    const turns = new TurnShare(clock);
    const notes: string[] = [];
    for (const name of ["a", "b", "c", "d", "e"]) turns.hold(held(name, 1, { clock, notes, partMs: 0.5 }));
    expect(notes).toEqual([]);
    await turnEnd();
    expect(notes).toEqual(["a", "b"]);
    await turnEnd();
    expect(notes).toEqual(["a", "b", "c", "d"]);
    await turnEnd();
    expect(notes).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("delivers at least one in each turn, and who has more comes after all others", async () => {
    const clock = workClock();
    const turns = new TurnShare(clock);
    const notes: string[] = [];
    turns.hold(held("long", 2, { clock, notes, partMs: 5 }));
    turns.hold(held("short", 1, { clock, notes, partMs: 5 }));
    for (let turn = 0; turn < 3; turn++) await turnEnd();
    expect(notes).toEqual(["long", "short", "long"]);
  });

  test("leaves nothing for what comes in a turn that was spent on what was held", async () => {
    const clock = workClock();
    const turns = new TurnShare(clock);
    turns.hold(held("a", 1, { clock, notes: [], partMs: 1 }));
    await turnEnd();
    expect(turns.isSpent(clock.monotonicMs())).toBe(true);
    await turnEnd();
    expect(turns.isSpent(clock.monotonicMs())).toBe(false);
  });
});
