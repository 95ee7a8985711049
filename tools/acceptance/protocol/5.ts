/** Fuzzed conversations with the data port; a new seed each time, which is printed, and `tools/fuzz.ts` holds one of them again. */
import { randomInt } from "node:crypto";
import { type FuzzReport, runFuzzCampaign } from "@modelyard/gateway/testing";
import type { Measurement, PointContext } from "../point.ts";

const inputs = { whole: 1_000_000, ci: 10_000 };
const mebibyte = 2 ** 20;
const sayEvery = 50_000;

export async function measure({ say, isCi }: PointContext): Promise<Measurement> {
  const seed = randomInt(2 ** 31);
  const wanted = isCi ? inputs.ci : inputs.whole;
  say(`${wanted} inputs of seed ${seed}`);
  const report = await runFuzzCampaign({
    seed,
    inputs: wanted,
    onRound: (done) => (done % sayEvery === 0 ? say(`${done} inputs`) : undefined),
  });
  return judged(report, wanted);
}

function judged(report: FuzzReport, wanted: number): Measurement {
  const { seed, inputs: done, mutated, findings, growth, worstBlockMs } = report;
  const level = (bytes: number): string => `${Math.round(bytes / mebibyte)} MiB`;
  const share = Math.round((100 * mutated) / Math.max(done, 1));
  const memory = `heap ${level(growth.heapFromBytes)} to ${level(growth.heapToBytes)}, resident ${level(growth.rssFromBytes)} to ${level(growth.rssToBytes)}`;
  const block = `longest block of the event loop ${Math.round(worstBlockMs)} ms`;
  return {
    measured: `seed ${seed}: ${done} inputs, ${share} % of them mutations of valid ones, ${findings.length} findings; ${block}; ${memory}`,
    holds: done === wanted && findings.length === 0 && mutated * 2 >= done,
    details: [
      ...findings.map(({ input, why }) => `finding${input === undefined ? "" : ` at input ${input}`}: ${why}`),
      "inputs",
      ...report.kinds.lines(),
      "answers",
      ...report.outcomes.lines(),
    ],
  };
}
