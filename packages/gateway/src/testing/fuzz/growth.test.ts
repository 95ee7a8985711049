import { expect, it } from "vitest";
import { growthOf } from "./growth.ts";
import type { FuzzServerFigures } from "./server-figures.ts";

const mebibyte = 2 ** 20;
const calm: FuzzServerFigures = {
  kind: "figures",
  heapBytes: 100 * mebibyte,
  rssBytes: 300 * mebibyte,
  resources: { TCPSocketWrap: 1, Timeout: 2 },
  connections: 1,
  inFlight: 0,
  bufferedBytes: 0,
  worstBlockMs: 0,
};

function rounds(change: (round: number) => Partial<FuzzServerFigures>, count = 12): readonly FuzzServerFigures[] {
  return Array.from({ length: count }, (_, round) => ({ ...calm, ...change(round) }));
}

it("is none for a server that warms up and then stays, one round above the others included", () => {
  const figures = rounds((round) => ({ heapBytes: (round < 3 ? 30 : round === 10 ? 200 : 100) * mebibyte }));
  expect(growthOf(figures).problems).toEqual([]);
});

it("is found in the heap that keeps rising and, where there was time to warm up, in resident memory", () => {
  const rising = (round: number): Partial<FuzzServerFigures> => ({
    heapBytes: (100 + 5 * round) * mebibyte,
    rssBytes: (300 + 20 * round) * mebibyte,
  });
  const [heap, resident] = growthOf(rounds(rising, 45)).problems;
  expect(heap).toMatch(/^the heap grew from/);
  expect(resident).toMatch(/^resident memory grew from/);
  expect(growthOf(rounds(rising)).problems).toEqual([expect.stringContaining("the heap grew")]);
});

it("is found in sockets that are open at the end, not in timers", () => {
  const figures = rounds((round) => ({ resources: { TCPSocketWrap: 1 + round, Timeout: 2 + round } }));
  expect(growthOf(figures).problems).toEqual(["11 more open resources of the type TCPSocketWrap"]);
});
