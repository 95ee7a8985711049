import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { FixedTensor } from "@modelyard/codec";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LoadedModel } from "../contract.ts";
import { type OnnxWorkbench, onnxWorkbench } from "../testing/onnx-workbench.ts";

interface CaseTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Case {
  readonly id: string;
  readonly inputs: readonly CaseTensor[];
  readonly outputs: readonly CaseTensor[];
  readonly tolerance: { readonly abs: number; readonly rel: number };
}

const data = new URL("../../../../../shared/data/models/mnist/", import.meta.url);
const isHere = existsSync(fileURLToPath(data));
const title = "the MNIST model of the shared data (skipped where ../shared is absent)";

describe.skipIf(!isHere)(title, () => {
  let workbench: OnnxWorkbench;
  let inline: LoadedModel;
  let worker: LoadedModel;
  beforeAll(async () => {
    workbench = await onnxWorkbench();
    const request = await workbench.store(readFileSync(new URL("mnist.onnx", data)));
    inline = await workbench.open({ limits: { inlineBelowMicros: 1e9 } }).load(request);
    worker = await workbench.open({ limits: { inlineBelowMicros: 0 } }).load(request);
  });
  afterAll(() => workbench.close());

  it("has the signature of its file and no edits", () => {
    expect(inline.signature).toEqual({
      platform: "onnx_onnxruntime",
      inputs: [{ name: "Input3", datatype: "FP32", shape: [1, 1, 28, 28] }],
      outputs: [{ name: "Plus214_Output_0", datatype: "FP32", shape: [1, 10] }],
    });
  });

  const cases = isHere ? (JSON.parse(readFileSync(new URL("cases.json", data), "utf8")) as readonly Case[]) : [];
  it.each(cases)("answers $id within tolerance, inline and in a worker", async (one) => {
    const request = { inputs: one.inputs.map(floatTensor), outputNames: undefined };
    for (const model of [inline, worker]) {
      const outputs = await model.infer(request);
      expect(outputs.map((output) => output.name)).toEqual(one.outputs.map((output) => output.name));
      expect(outputs.map((output) => output.shape)).toEqual(one.outputs.map((output) => output.shape));
      for (const [index, output] of outputs.entries())
        expectNear(valuesOf(output as FixedTensor), one.outputs[index]?.data ?? [], one.tolerance);
    }
  });

  it("answers on the I/O thread without a promise", () => {
    const request = { inputs: (cases[0]?.inputs ?? []).map(floatTensor), outputNames: undefined };
    expect(inline.infer(request)).toBeInstanceOf(Array);
    expect(inline.placement).toBe("inline");
  });
});

function floatTensor({ name, shape, data: values }: CaseTensor): FixedTensor {
  return { name, datatype: "FP32", shape, bytes: new Uint8Array(Float32Array.from(values).buffer) };
}

function valuesOf({ bytes }: FixedTensor): Float32Array {
  return new Float32Array(new Uint8Array(bytes).buffer);
}

function expectNear(actual: Float32Array, expected: readonly number[], tolerance: Case["tolerance"]): void {
  expect(actual.length).toBe(expected.length);
  for (const [index, value] of expected.entries()) {
    expect(Math.abs((actual[index] ?? Number.NaN) - value)).toBeLessThanOrEqual(tolerance.abs + tolerance.rel * Math.abs(value));
  }
}
