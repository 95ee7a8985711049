import { seededRandom } from "@modelyard/core";
import { type FakeClock, fakeClock } from "@modelyard/core/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WorkQueue } from "./work-queue.ts";

function newQueue(maxKeys?: number): { queue: WorkQueue; clock: FakeClock } {
  const clock = fakeClock();
  const backOff = { baseMs: 100, maxMs: 1_000 };
  return { queue: new WorkQueue({ clock, random: seededRandom(1), backOff, ...(maxKeys === undefined ? {} : { maxKeys }) }), clock };
}

describe("WorkQueue", () => {
  test("gives each key once, in order", async () => {
    const { queue } = newQueue();
    for (const key of ["a", "b", "a"]) queue.add(key);
    expect([await queue.take(), await queue.take(), queue.length]).toEqual(["a", "b", 0]);
  });

  test("hands a key to a taker that waits, and counts it as being worked on", async () => {
    const { queue } = newQueue();
    const taken = queue.take();
    queue.add("a");
    expect(await taken).toBe("a");
    queue.add("a");
    expect(queue.length).toBe(0);
    queue.succeeded("a");
    expect(await queue.take()).toBe("a");
  });

  test("waits longer after each failure, up to a cap, and anew after a success", async () => {
    const { queue, clock } = newQueue();
    queue.add("a");
    const waits: number[] = [];
    for (let attempt = 0; attempt < 6; attempt++) {
      expect(await queue.take()).toBe("a");
      waits.push(queue.failed("a"));
      await clock.advance(1_000);
    }
    for (const [index, wait] of waits.entries()) {
      const full = Math.min(1_000, 100 * 2 ** index);
      expect(wait).toBeGreaterThanOrEqual(full / 2);
      expect(wait).toBeLessThanOrEqual(full);
    }
    expect(await queue.take()).toBe("a");
    queue.succeeded("a");
    queue.add("a");
    await queue.take();
    expect(queue.failed("a")).toBeLessThanOrEqual(100);
  });

  test("does not keep a key waiting for its back-off when it is added meanwhile", async () => {
    const { queue } = newQueue();
    queue.add("a");
    await queue.take();
    queue.failed("a");
    queue.add("a");
    expect(await queue.take()).toBe("a");
  });

  test("refuses keys beyond its limit, but not those it holds", () => {
    const { queue } = newQueue(2);
    expect(["a", "b", "a", "c"].map((key) => queue.add(key))).toEqual([true, true, true, false]);
  });

  test("lets every taker go when it is closed and sets no timer afterwards", async () => {
    const { queue, clock } = newQueue();
    const taken = queue.take();
    queue.addAfter("a", 10);
    queue.close();
    queue.close();
    queue.addAfter("b", 10);
    expect([await taken, await queue.take(), clock.pending, queue.add("c")]).toEqual([undefined, undefined, 0, false]);
  });

  test("never works on a key twice at a time, and loses none", async () => {
    const step = fc.record({ key: fc.constantFrom("a", "b", "c"), act: fc.constantFrom("add", "succeed", "fail", "wait") });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { queue, clock } = newQueue();
        const working = new Set<string>();
        const wanted = new Set<string>();
        const takeAll = async (): Promise<void> => {
          while (queue.length > 0) {
            const key = await Promise.race([queue.take(), clock.advance(1_000).then(() => undefined)]);
            if (key === undefined) continue;
            expect(working.has(key)).toBe(false);
            working.add(key);
            wanted.delete(key);
          }
        };
        for (const { key, act } of steps) {
          if (act === "add") wanted.add(key);
          if (act === "add") queue.add(key);
          if (act === "wait") await clock.advance(500);
          if (act === "succeed" && working.delete(key)) queue.succeeded(key);
          if (act === "fail" && working.delete(key)) queue.failed(key);
          if (act === "fail" || act === "succeed") await clock.advance(0);
        }
        for (const key of working) queue.succeeded(key);
        working.clear();
        const rest: string[] = [];
        await clock.advance(2_000);
        while (queue.length > 0) rest.push((await queue.take()) ?? "");
        for (const key of wanted) expect(rest).toContain(key);
        await takeAll();
        queue.close();
      }),
      { numRuns: 50 },
    );
  });
});
