/**
 * `node --conditions=modelyard-source tools/fuzz.ts --seed S (--input N [--keep ID --why TEXT] | --inputs COUNT [--first N])`: holds one
 * conversation of the fuzzer again and says what came of it, or many. `--keep` makes it as small as it can while it shows the same and adds it
 * to the corpus. Status 1 when something was found.
 */
import { parseArgs } from "node:util";
import { keepFuzzInput, runFuzzCampaign, tryFuzzInput } from "@modelyard/gateway/testing";

const { values: flags } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    input: { type: "string" },
    inputs: { type: "string", default: "10000" },
    first: { type: "string", default: "0" },
    keep: { type: "string" },
    why: { type: "string", default: "" },
  },
});
const seed = Number(flags.seed);
process.exitCode = flags.input === undefined ? await runMany() : await runOne(Number(flags.input));

async function runMany(): Promise<number> {
  const say = (done: number): void => console.error(`${done} inputs`);
  const report = await runFuzzCampaign({ seed, inputs: Number(flags.inputs), firstInput: Number(flags.first), onRound: say });
  const { growth, worstBlockMs, worstProbeMs, findings } = report;
  for (const line of [`seed ${seed}`, ...report.kinds.lines(), ...report.outcomes.lines()]) console.log(line);
  console.log(JSON.stringify({ inputs: report.inputs, mutated: report.mutated, growth, worstBlockMs, worstProbeMs }));
  for (const { input, why } of findings) console.log(`finding at input ${input ?? "?"}: ${why}`);
  return findings.length === 0 ? 0 : 1;
}

async function runOne(input: number): Promise<number> {
  const id = { seed, input };
  const { kind, text, labels, problems } = await tryFuzzInput(id);
  console.log(`${kind}: ${text}\n${labels.join(", ")}`);
  for (const problem of problems) console.log(problem);
  if (flags.keep !== undefined) await keepFuzzInput({ ...id, id: flags.keep, why: flags.why });
  return problems.length === 0 ? 0 : 1;
}
