import { describe, expect, test } from "vitest";
import { BufferPool, maxSpareBuffers, outputBufferBytes } from "./buffer-pool.ts";

describe("BufferPool", () => {
  test("gives each buffer to one taker, whichever was given back", () => {
    const pool = new BufferPool();
    const taken = Array.from({ length: maxSpareBuffers + 2 }, () => pool.take());
    for (const [index, buffer] of taken.entries()) buffer.fill(index);
    expect(taken.map((buffer) => [buffer.length, buffer[0], buffer.at(-1)])).toEqual(
      taken.map((_, index) => [outputBufferBytes, index, index]),
    );
  });

  test("keeps no more than its number, those of one piece of memory", () => {
    const pool = new BufferPool(2);
    const taken = Array.from({ length: 4 }, () => pool.take());
    for (const buffer of taken.toReversed()) pool.give(buffer);
    const again = Array.from({ length: 3 }, () => pool.take());
    expect(again.map((buffer) => taken.indexOf(buffer))).toEqual([0, 1, -1]);
    expect(new Set(again.map(({ buffer }) => buffer)).size).toBe(2);
  });
});
