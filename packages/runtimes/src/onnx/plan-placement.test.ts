import { describe, expect, it } from "vitest";
import { planPlacement, processBytes } from "./plan-placement.ts";

const limits = { inlineBelowMicros: 150, maxWorkers: 4 };
const quick = { info: { runMicros: 30, loadMicros: 500 }, fileBytes: 26_000, isIsolated: false, limits };

describe("planPlacement()", () => {
  it("places a model with short runs and a short load on the I/O thread", () => {
    expect(planPlacement(quick)).toMatchObject({ placement: "inline", copies: 1 });
  });

  it.each([
    ["long runs", { runMicros: 150, loadMicros: 500 }],
    ["runs of unknown length", { runMicros: undefined, loadMicros: 500 }],
    ["a long load", { runMicros: 30, loadMicros: 5000 }],
  ])("places a model with %s in every worker", (_what, info) => {
    expect(planPlacement({ ...quick, info })).toMatchObject({ placement: "worker", copies: 4 });
  });

  it("places a large model in one worker", () => {
    const info = { runMicros: 1000, loadMicros: 50_000 };
    expect(planPlacement({ ...quick, info, fileBytes: 9 * 2 ** 20 })).toMatchObject({ placement: "worker", copies: 1 });
  });

  it("gives a model that must be killable a process, however short its runs", () => {
    expect(planPlacement({ ...quick, isIsolated: true })).toMatchObject({ placement: "process", copies: 1, placeBytes: processBytes });
  });
});
