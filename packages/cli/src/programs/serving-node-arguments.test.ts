import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { servingNodeArguments } from "./serving-node-arguments.ts";

/** Keeps objects alive for a while, as models that come and go do, and prints the bytes V8 then holds for young objects. */
const churn = `
  const kept = [];
  for (let turn = 0; turn < 1_000_000; turn++) kept[turn % 200_000] = { turn, text: String(turn) };
  const young = require("node:v8").getHeapSpaceStatistics().find((space) => space.space_name === "new_space");
  console.log(young.space_size);
`;

/** Makes garbage while V8 marks many objects that live. */
const marking = `
  const kept = Array.from({ length: 400_000 }, (_, index) => ({ index, text: "x" + index }));
  let turn = 0;
  const make = () => {
    kept[turn * 97] = Array.from({ length: 3_000 }, (_, index) => ({ index, other: { index } }));
    if (++turn < 1_000) setImmediate(make);
  };
  make();
`;

function youngBytesAfterChurn(given: readonly string[]): number {
  return Number(execFileSync(process.execPath, [...servingNodeArguments(given), "-e", churn], { env: {}, encoding: "utf8" }));
}

it("servingNodeArguments() keeps the memory of young objects small, however many live for a while", () => {
  expect(youngBytesAfterChurn([])).toBeLessThanOrEqual(16 * 2 ** 20);
});

it("servingNodeArguments() lets what the process itself was started with count more", () => {
  expect(youngBytesAfterChurn(["--max-semi-space-size=16"])).toBeGreaterThan(16 * 2 ** 20);
});

it("servingNodeArguments() has full collections move little in their pause, however long the marking before it took", () => {
  const lines = execFileSync(process.execPath, [...servingNodeArguments(["--trace-gc-nvp"]), "-e", marking], { env: {}, encoding: "utf8" });
  const full = lines.split("\n").filter((line) => line.includes(" gc=mc "));
  const movedBytes = full.map((line) => Number(/ promoted=(\d+)/.exec(line)?.[1]));
  expect(Math.max(...movedBytes)).toBeGreaterThan(0);
  expect(Math.max(...movedBytes)).toBeLessThanOrEqual(2 * 2 ** 20);
});
