import { describe, expect, it } from "vitest";
import { buildModel, type Dimension, tensorValue } from "../build/build-model.ts";
import { type AttributeValue, buildNode } from "../build/build-node.ts";
import { buildTensor } from "../build/build-tensor.ts";
import type { OnnxModel, OnnxTensor } from "../model.ts";
import { rowIndependence } from "./row-independence.ts";

type Attributes = Readonly<Record<string, AttributeValue>>;
type Step = readonly [opType: string, inputs: readonly string[], attributes?: Attributes, domain?: string];

const weights = (name: string, shape: readonly number[]): OnnxTensor =>
  buildTensor({ name, datatype: "FP32", shape, data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 1) });
const numbers = (name: string, data: readonly number[], shape: readonly number[] = [data.length]): OnnxTensor =>
  buildTensor({ name, datatype: "INT64", shape, data: data.map(BigInt) });

const constants: readonly OnnxTensor[] = [
  weights("w3x4", [3, 4]),
  weights("w4", [4]),
  weights("w1x3", [1, 3]),
  weights("w2x3", [2, 3]),
  weights("kernel", [5, 2, 3, 3]),
  weights("table", [9, 7]),
  weights("scalar", []),
  numbers("zero", [0], []),
  numbers("two", [2], []),
  numbers("axes0", [0]),
  numbers("axes1", [1]),
  numbers("whole", [-1, 3]),
  numbers("half", [-1, 2]),
  numbers("kept", [0, -1]),
  numbers("one", [1, 3]),
  numbers("rest", [-1]),
];

interface Case {
  readonly steps: readonly Step[];
  readonly shape?: readonly Dimension[];
  readonly opset?: Readonly<Record<string, number>>;
}

/** A chain: `x` goes in; the first output of a step is called by its number, further ones `NUMBERb`; the last step's is the output. */
function model({ steps, shape = ["n", 3], opset = { "": 17, "ai.onnx.ml": 3 } }: Case): OnnxModel {
  const nodes = steps.map(([opType, inputs, attributes = {}, domain = ""], index) =>
    buildNode({ opType, inputs, outputs: [`${index}`], attributes, ...(domain !== "" && { domain }) }),
  );
  return buildModel({
    nodes,
    inputs: [tensorValue("x", "FP32", shape)],
    outputs: [tensorValue(`${steps.length - 1}`, "FP32")],
    initializers: constants,
    opset,
  });
}

const ml = "ai.onnx.ml";
const apart: Readonly<Record<string, Case>> = {
  "a dense net": {
    steps: [
      ["MatMul", ["x", "w3x4"]],
      ["Add", ["0", "w4"]],
      ["Relu", ["1"]],
      ["Softmax", ["2"]],
    ],
  },
  "Gemm with a bias": { steps: [["Gemm", ["x", "w3x4", "w4"]]] },
  "a convolution net": {
    shape: ["n", 2, 8, 8],
    steps: [
      ["Conv", ["x", "kernel"]],
      ["MaxPool", ["0"], { kernel_shape: [2n, 2n] }],
      ["GlobalAveragePool", ["1"]],
      ["Flatten", ["2"]],
    ],
  },
  "a constant with one row": { steps: [["Mul", ["x", "w1x3"]]] },
  "an average over the features": { steps: [["ReduceMean", ["x"], { axes: [1n], keepdims: 0n }]] },
  "reshaping to all that is left by a whole row": { steps: [["Reshape", ["x", "whole"]]] },
  "reshaping that keeps the first size": { shape: ["n", 3, 4], steps: [["Reshape", ["x", "kept"]]] },
  "reshaping by the size of the input, as PyTorch exports it": {
    shape: ["n", 3, 4],
    steps: [
      ["Shape", ["x"]],
      ["Gather", ["0", "zero"], { axis: 0n }],
      ["Unsqueeze", ["1", "axes0"]],
      ["Concat", ["2", "rest"], { axis: 0n }],
      ["Reshape", ["x", "3"]],
    ],
  },
  "an embedding": {
    steps: [
      ["Cast", ["x"], { to: 7n }],
      ["Gather", ["table", "0"]],
    ],
  },
  "the best class": { steps: [["ArgMax", ["x"], { axis: -1n, keepdims: 0n }]] },
  "attention within a row": {
    shape: ["n", 6, 4],
    steps: [
      ["Transpose", ["x"], { perm: [0n, 2n, 1n] }],
      ["MatMul", ["x", "0"]],
      ["Softmax", ["1"], { axis: -1n }],
      ["MatMul", ["2", "x"]],
    ],
  },
  "a part of each row beside another": {
    steps: [
      ["Slice", ["x", "axes0", "axes1", "axes1"]],
      ["Concat", ["0", "x"], { axis: 1n }],
    ],
  },
  "a layer normalisation": { steps: [["LayerNormalization", ["x", "w1x3"], { axis: -1n }]] },
  "a tree ensemble": {
    steps: [
      ["Scaler", ["x"], {}, ml],
      ["TreeEnsembleRegressor", ["0"], {}, ml],
    ],
  },
  "a linear classifier": { steps: [["LinearClassifier", ["x"], {}, ml]] },
};

const together: Readonly<Record<string, readonly [Case, RegExp]>> = {
  "a fixed first size": [{ shape: [1, 3], steps: [["Relu", ["x"]]] }, /first axis of the input "x"/],
  "no shape": [{ shape: [], steps: [["Relu", ["x"]]] }, /first axis of the input "x"/],
  "an average over all rows": [{ steps: [["ReduceMean", ["x"], { axes: [0n] }]] }, /ReduceMean/],
  "an average over everything": [{ steps: [["ReduceMean", ["x"]]] }, /ReduceMean/],
  "a softmax over rows": [{ steps: [["Softmax", ["x"], { axis: 0n }]] }, /Softmax/],
  "a constant with several rows": [{ steps: [["Add", ["x", "w2x3"]]] }, /Add/],
  "rows times rows": [
    {
      steps: [
        ["Transpose", ["x"], { perm: [1n, 0n] }],
        ["MatMul", ["x", "0"]],
      ],
    },
    /Transpose/,
  ],
  "the number of rows in a calculation": [
    {
      steps: [
        ["Shape", ["x"]],
        ["Gather", ["0", "zero"]],
        ["Cast", ["1"], { to: 1n }],
        ["Div", ["x", "2"]],
      ],
    },
    /Div/,
  ],
  "reshaping that cuts rows": [{ steps: [["Reshape", ["x", "half"]]] }, /Reshape/],
  "reshaping to one row": [{ steps: [["Reshape", ["x", "one"]]] }, /Reshape/],
  "flattening all": [{ steps: [["Flatten", ["x"], { axis: 0n }]] }, /Flatten/],
  "flattening all, counted from the end": [{ shape: ["n", 3, 4], steps: [["Flatten", ["x"], { axis: -3n }]] }, /Flatten/],
  "a concatenation of rows": [{ steps: [["Concat", ["x", "x"], { axis: 0n }]] }, /Concat/],
  "one row of all": [{ steps: [["Gather", ["x", "two"], { axis: 0n }]] }, /Gather/],
  "a scale measured over all rows": [{ steps: [["DynamicQuantizeLinear", ["x"]]] }, /DynamicQuantizeLinear/],
  "random numbers": [
    {
      steps: [
        ["RandomNormalLike", ["x"]],
        ["Add", ["x", "0"]],
      ],
    },
    /RandomNormalLike/,
  ],
  "an operator without a rule": [{ steps: [["NonMaxSuppression", ["x", "x"]]] }, /NonMaxSuppression/],
  "an operator of another domain": [{ steps: [["Relu", ["x"], {}, "com.example"]] }, /Relu/],
  "an output that is the same for all": [{ steps: [["Identity", ["w4"]]] }, /does not have a row/],
  "a normaliser of a list, which is one row to it": [{ shape: ["n"], steps: [["Normalizer", ["x"], {}, ml]] }, /Normalizer/],
  "what a mixed value leads to": [
    {
      steps: [
        ["Softmax", ["x"], { axis: 0n }],
        ["Relu", ["0"]],
      ],
    },
    /Softmax/,
  ],
};

describe("rowIndependence()", () => {
  it.each(Object.entries(apart))("finds rows apart in %s", (_name, one) => {
    expect(rowIndependence(model(one))).toEqual({ isIndependent: true });
  });

  it.each(Object.entries(together))("does not find rows apart in %s, and says why", (_name, [one, why]) => {
    expect(rowIndependence(model(one))).toEqual({ isIndependent: false, why: expect.stringMatching(why) });
  });

  it("does not take an output that is an input itself, whose memory would be shared", () => {
    const x = tensorValue("x", "FP32", ["n", 3]);
    const through = buildModel({ nodes: [], inputs: [x], outputs: [x] });
    expect(rowIndependence(through)).toEqual({ isIndependent: false, why: 'the output "x" is an input' });
  });

  it("before version 13 softmax takes everything from its axis on as one", () => {
    const steps: readonly Step[] = [["Softmax", ["x"]]];
    expect(rowIndependence(model({ steps, opset: { "": 11 } }))).toEqual({ isIndependent: true });
  });
});
