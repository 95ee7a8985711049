import { describe, expect, test } from "vitest";
import { maxSpareBuffers } from "./buffer-pool.ts";
import { FlushQueue } from "./flush-queue.ts";

/** Adds so many at once, to a queue that waits for the end of the turn; gives the numbers of those that were flushed so far. */
function added(count: number): number[] {
  const queue = new FlushQueue({ endOfTurn: true });
  const flushed: number[] = [];
  for (let index = 0; index < count; index++) queue.add({ flush: () => void flushed.push(index) });
  return flushed;
}

const turnEnd = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("FlushQueue", () => {
  test("flushes in the order in which they were added, at the end of the turn", async () => {
    const flushed = added(maxSpareBuffers);
    expect(flushed).toEqual([]);
    await turnEnd();
    expect(flushed).toEqual(Array.from({ length: maxSpareBuffers }, (_, index) => index));
  });

  test("lets no more wait than there are buffers to be used again", async () => {
    const flushed = added(3 * maxSpareBuffers + 1);
    expect(flushed).toHaveLength(3 * maxSpareBuffers);
    await turnEnd();
    expect(flushed).toEqual(Array.from({ length: 3 * maxSpareBuffers + 1 }, (_, index) => index));
  });
});
