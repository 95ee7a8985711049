/** The counting model in use: its runs last as long as their input says. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FixedTensor } from "@modelyard/codec";
import { writeModel } from "@modelyard/onnx";
import type { InferRequest } from "../contract.ts";
import type { SessionPlan } from "../onnx/model-session.ts";
import { countingModel } from "./sample-models.ts";

/** Rounds that do not end in a lifetime. */
export const endless: bigint = 2n ** 62n;

/** The model's file. */
export function countingModelFile(): Uint8Array {
  return writeModel(countingModel());
}

/** Number of rounds, as input and as answer. */
export function rounds(count: bigint, name = "x"): FixedTensor {
  return { name, datatype: "INT64", shape: [], bytes: new Uint8Array(BigInt64Array.of(count).buffer) };
}

/** Asks for so many rounds. */
export function countTo(count: bigint): InferRequest {
  return { inputs: [rounds(count)], outputNames: undefined };
}

/** Writes the model into a folder; the plan of a session of it, by default with a limit of one second a run. */
export async function countingPlan(dir: string, changes: Partial<SessionPlan> = {}): Promise<SessionPlan> {
  const path = join(dir, "model.onnx");
  await writeFile(path, countingModelFile());
  const tensor = { datatype: "INT64", boundDatatype: "INT64" } as const;
  const border = { inputs: [{ name: "x", ...tensor }], outputs: [{ name: "y", ...tensor }] };
  return { modelId: "m", path, threads: 1, ...border, runLimitMs: 1000, loadLimitMs: 60_000, ...changes };
}
