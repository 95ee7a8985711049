import { describe, expect, it } from "vitest";
import { outputTo } from "../output/output.ts";
import { progressDisplay } from "./progress-display.ts";

function shown(...stages: string[]): { readonly lines: string[]; readonly last: string } {
  let stderr = "";
  const streams = { stdout: { write: () => {} }, stderr: { write: (text: string) => void (stderr += text) } };
  const display = progressDisplay(outputTo("table", streams), "m");
  for (const stage of stages) display.show(stage);
  return { lines: stderr.trimEnd().split("\n"), last: display.last() };
}

describe("progressDisplay()", () => {
  it("shows each step once and never goes back", () => {
    const { lines, last } = shown("fetch 1 B of 2 B (50 %)", "fetch 2 B of 2 B (100 %)", "scheduled", "load", "prepare", "verify", "load");
    expect(lines).toEqual(["m: fetch 1 B of 2 B (50 %)", "m: load"]);
    expect(last).toBe('it is at the step "load"');
  });

  it("begins anew after a failure that is tried again, and ends a sentence with it", () => {
    const again = "The source x could not be read: no answer; trying again";
    const { lines, last } = shown("fetch", again, again, "fetch", again);
    expect(lines).toEqual(["m: fetch", `m: ${again}`, "m: fetch", `m: ${again}`]);
    expect(last).toBe(again);
  });
});
