import { describe, expect, test } from "vitest";
import { TransferWatch } from "./transfer-watch.ts";

const limits = { minBytesPerSecond: 100, stallTimeoutMs: 60_000 };

/** What a watch says of a count of bytes at each second from 1 on; the last thing it says, and when. */
function lastOf(seconds: number, bytesAt: (second: number) => number): string {
  const watch = new TransferWatch(0, bytesAt(0));
  for (let second = 1; second <= seconds; second++) {
    const fault = watch.look(second * 1_000, bytesAt(second), limits);
    if (fault) return `${fault} at ${second}`;
  }
  return "well";
}

describe("TransferWatch", () => {
  test.each([
    ["nothing moves", () => 7, "stalled at 60"],
    ["it stops after a while", (second: number) => Math.min(second, 30) * 1_000, "stalled at 90"],
    ["it trickles", (second: number) => second * 99, "slow at 60"],
    ["it becomes slow", (second: number) => Math.min(second, 60) * 1_000 + second, "slow at 120"],
    ["it keeps to the least rate", (second: number) => second * 100, "well"],
    ["it comes in bursts", (second: number) => Math.floor(second / 50) * 10_000, "well"],
  ])("when %s", (_, bytesAt, expected) => {
    expect(lastOf(300, bytesAt)).toBe(expected);
  });

  test("holds nothing against a peer of which nothing is expected", () => {
    const watch = new TransferWatch(0);
    for (let second = 1; second <= 300; second++) watch.restart(second * 1_000, 0);
    expect(watch.look(301_000, 0, limits)).toBeUndefined();
    expect(watch.look(360_000, 0, limits)).toBe("stalled");
  });

  test("asks for movement, but for no rate, while others hold the transfer up", () => {
    const watch = new TransferWatch(0);
    for (let second = 1; second <= 300; second++) {
      watch.restartRate(second * 1_000, second);
      expect(watch.look(second * 1_000, second, limits)).toBeUndefined();
    }
    expect(watch.look(360_000, 300, limits)).toBe("stalled");
  });
});
