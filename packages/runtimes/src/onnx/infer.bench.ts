/**
 * What this package adds to a run: `LoadedModel.infer` inline, with journal, against the bare binding's `run()` on the same prepared copy, the
 * two alternating. Budget: under 1.5 µs beyond the bare run. Run by hand, with the path of a small model such as the MNIST example:
 *
 *     node --conditions=modelyard-source packages/runtimes/src/onnx/infer.bench.ts MODEL.onnx
 */
import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@modelyard/core";
import type { InferRequest, LoadedModel } from "../contract.ts";
import { createRunJournal } from "../journal/run-journal.ts";
import { sampleInputs } from "../prepare/sample-inputs.ts";
import { onnxWorkbench } from "../testing/onnx-workbench.ts";
import { type OrtSession, openOrtEngine } from "./ort-engine.ts";
import { tensorBorder } from "./tensor-border.ts";

const rounds = 31;
const runsPerRound = 2000;

function microsPerRun(run: () => unknown): number {
  const startMs = performance.now();
  for (let count = 0; count < runsPerRound; count++) run();
  return ((performance.now() - startMs) * 1000) / runsPerRound;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

async function bareSession(preparedDir: string): Promise<OrtSession> {
  const names = await readdir(preparedDir, { recursive: true });
  const name = names.find((one) => one.endsWith("model.onnx")) ?? "";
  return await openOrtEngine().open(join(preparedDir, name), { optimization: "disabled" });
}

function compare(model: LoadedModel, bare: OrtSession): void {
  const tensors = { inputs: model.signature.inputs, outputs: model.signature.outputs };
  const bind = (tensor: (typeof tensors.inputs)[number]) => ({ ...tensor, boundDatatype: tensor.datatype });
  const request: InferRequest = { inputs: sampleInputs(tensors.inputs.map(bind)), outputNames: undefined };
  const bound = tensorBorder({ inputs: tensors.inputs.map(bind), outputs: tensors.outputs.map(bind) }).feeds(request);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(microsPerRun(() => model.infer(request)));
    theirs.push(microsPerRun(() => bare.run(bound.feeds, bound.fetches)));
  }
  const difference = median(ours.map((value, index) => value - (theirs[index] ?? 0)));
  console.log(
    `infer ${median(ours).toFixed(2)} µs, bare run ${median(theirs).toFixed(2)} µs, median difference of a pair ${difference.toFixed(2)} µs`,
  );
}

const [, , path = ""] = process.argv;
const workbench = await onnxWorkbench();
const journal = createRunJournal({ path: join(workbench.dir, "running"), clock: systemClock(), threads: 2 });
const runtime = workbench.open({ journal, limits: { maxWorkers: 1, inlineBelowMicros: 1e9 } });
const model = await runtime.load(await workbench.store(readFileSync(path)));
compare(model, await bareSession(workbench.preparedDir));
await workbench.close();
journal.close();
