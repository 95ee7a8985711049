import { fakeClock } from "@modelyard/core/testing";
import { expect, it } from "vitest";
import { passingPauses } from "../testing/passing-pauses.ts";
import { medianMicros } from "./median-micros.ts";

const perRound = 31;

it("medianMicros() finds the time of a run that is cut in on more often than not for a while", async () => {
  const clock = fakeClock();
  let runs = 0;
  const run = async (): Promise<readonly []> => {
    await clock.advance(runs++ % 5 === 0 ? 0.04 : 0.7);
    return [];
  };
  expect(await passingPauses(medianMicros(run, clock), clock)).toBeCloseTo(40, 3);
});

it.each([
  ["a run that is clearly short once", [0.05, 9], { runs: perRound, micros: 50 }],
  ["a run that is clearly long once", [10, 1], { runs: 25, micros: 10_000 }],
  ["a run between them until it is short", [0.7, 0.04, 9], { runs: 2 * perRound, micros: 40 }],
  ["a run between them three times, the shortest of which counts", [0.7, 0.2, 0.4, 0.04], { runs: 3 * perRound, micros: 200 }],
])("medianMicros() times %s", async (_, roundMs, expected) => {
  const clock = fakeClock();
  let runs = 0;
  const run = async (): Promise<readonly []> => {
    await clock.advance(roundMs[Math.floor(runs / perRound)] ?? 0);
    runs++;
    return [];
  };
  const micros = await passingPauses(medianMicros(run, clock), clock);
  expect(runs).toBe(expected.runs);
  expect(micros).toBeCloseTo(expected.micros, 3);
});
