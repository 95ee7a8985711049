import { expect, it } from "vitest";
import { runFuzzCampaign } from "./fuzz-campaign.ts";
import type { PlantedServerFault } from "./planted-fault.ts";

const inputs = 240;

it("finds nothing wrong with the server, and says what it did", async () => {
  const { findings, mutated, kinds, outcomes, ...report } = await runFuzzCampaign({ seed: 1, inputs });
  expect(findings).toEqual([]);
  expect(report).toMatchObject({ seed: 1, inputs });
  expect(mutated).toBeGreaterThan(inputs / 2);
  expect(kinds.entries().reduce((sum, [, count]) => sum + count, 0)).toBe(inputs);
  expect(outcomes.lines().join("\n")).toContain("http1 200");
});

it.each<readonly [PlantedServerFault, string]>([
  ["crash", "the server ended with 3"],
  ["block", "the event loop was held up for"],
  ["lost memory", "1 bytes of the memory budget were not given back"],
  ["error in the log", "planted"],
  ["unforeseen status", "answered 500"],
])("finds a planted fault: %s", { timeout: 120_000 }, async (fault, why) => {
  const { findings } = await runFuzzCampaign({ seed: 1, inputs, fault });
  expect(findings.map((finding) => finding.why).join("\n")).toContain(why);
});
