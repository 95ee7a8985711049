import { expect, test } from "vitest";
import { setCondition } from "./set-condition.ts";

const at = (second: number): string => `2026-01-01T00:00:0${second}Z`;

test("setCondition() changes the time only with the status", () => {
  const first = setCondition([], { type: "Ready", status: "False", reason: "Loading" }, at(1));
  const second = setCondition(first, { type: "Ready", status: "False", reason: "StillLoading" }, at(2));
  const third = setCondition(second, { type: "Ready", status: "True" }, at(3));
  expect([first, second, third].map(([one]) => one?.lastTransitionTime)).toEqual([at(1), at(1), at(3)]);
  expect(third).toEqual([{ type: "Ready", status: "True", lastTransitionTime: at(3) }]);
});

test("setCondition() returns the same list when nothing changes", () => {
  const list = setCondition([], { type: "Ready", status: "True" }, at(1));
  expect(setCondition(list, { type: "Ready", status: "True" }, at(2))).toBe(list);
});

test("setCondition() keeps the others, in the order of their types", () => {
  const list = setCondition([{ type: "Ready", status: "True" }], { type: "PredictorReady", status: "True" }, at(1));
  expect(list.map(({ type }) => type)).toEqual(["PredictorReady", "Ready"]);
});
