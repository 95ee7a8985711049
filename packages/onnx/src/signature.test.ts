import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { buildModel, tensorTypeOf, tensorValue, valueOfType } from "./build/build-model.ts";
import { buildTensor } from "./build/build-tensor.ts";
import { elementTypeOf } from "./element-type.ts";
import type { OnnxType, OnnxValueInfo } from "./model.ts";
import { parseModel } from "./parse-model.ts";
import { graphSignature, typeName } from "./signature.ts";

function signatureOf(inputs: readonly OnnxValueInfo[]): ReturnType<typeof graphSignature> {
  return graphSignature(buildModel({ nodes: [], inputs, outputs: [] }));
}

describe("graphSignature()", () => {
  it("names every element type of the protocol by its datatype, and describes the others", () => {
    const described = Array.from({ length: 28 }, (_, index) => signatureOf([tensorValue("x", index + 1, [1])]).inputs[0]);
    const datatypes = described.map((value) => (value?.kind === "tensor" ? value.datatype : undefined));
    expect(datatypes.slice(0, 16)).toEqual(
      "FP32 UINT8 INT8 UINT16 INT16 INT32 INT64 BYTES BOOL FP16 FP64 UINT32 UINT64 - - BF16"
        .split(" ")
        .map((name) => (name === "-" ? undefined : name)),
    );
    expect(datatypes.slice(16)).toEqual(Array.from({ length: 12 }));
    expect(described[20]).toEqual({ kind: "other", name: "x", type: "tensor(uint4)" });
  });

  it("gives -1 for sizes that are named, missing or negative, and no shape where the rank is open", () => {
    const [named, scalar, open] = signatureOf([
      tensorValue("a", "FP32", ["n", -1, 3, 0]),
      tensorValue("b", "FP32", []),
      tensorValue("c", "FP32"),
    ]).inputs;
    expect(named).toMatchObject({ shape: [-1, -1, 3, 0] });
    expect(scalar).toMatchObject({ shape: [] });
    expect(open).toMatchObject({ shape: undefined });
  });

  it("leaves out inputs that have a default", () => {
    const weight = buildTensor({ name: "w", datatype: "FP32", shape: [1], data: [1] });
    const inputs = [tensorValue("x", "FP32", [1]), tensorValue("w", "FP32", [1])];
    const { inputs: required } = graphSignature(buildModel({ nodes: [], inputs, outputs: [], initializers: [weight] }));
    expect(required.map(({ name }) => name)).toEqual(["x"]);
  });

  it("describes maps in lists as such, with a finding at their place", () => {
    const model = parseModel(readFileSync(new URL("../testdata/classifier-numbers.onnx", import.meta.url)));
    const { outputs, findings } = graphSignature(model);
    expect(outputs[1]).toEqual({ kind: "other", name: "probability", type: "seq(map(int64,tensor(float)))" });
    expect(findings).toEqual([
      {
        kind: "TYPE_UNSUPPORTED",
        severity: "error",
        path: "graph.output[1]",
        message: expect.stringContaining('"probability" is a seq(map(int64,tensor(float)))'),
      },
    ]);
  });

  it("finds values without a type", () => {
    expect(signatureOf([{ name: "x", metadataProps: [] }]).findings).toMatchObject([{ kind: "TYPE_MISSING", path: "graph.input[0]" }]);
  });

  it("of a model without a graph is empty", () => {
    const { graph: _, ...rest } = buildModel({ nodes: [], outputs: [] });
    expect(graphSignature(rest)).toEqual({ inputs: [], outputs: [], findings: [] });
  });
});

describe("typeName()", () => {
  const float = tensorTypeOf("FP32");
  it.each<[string, OnnxType]>([
    ["optional(seq(tensor(float)))", { optionalType: { elemType: { sequenceType: { elemType: float } } } }],
    ["sparse_tensor(double)", { sparseTensorType: { elemType: 11 } }],
    ["opaque(com.example,Thing)", { opaqueType: { domain: "com.example", name: "Thing" } }],
    ["tensor(element type 99)", { tensorType: { elemType: 99 } }],
    ["unknown", {}],
  ])("writes %s", (text, type) => {
    expect(typeName(valueOfType("x", type).type)).toBe(text);
  });
});

describe("elementTypeOf()", () => {
  it("knows no type for 0 and for codes of the future", () => {
    expect([elementTypeOf(undefined), elementTypeOf(0), elementTypeOf(29)]).toEqual([undefined, undefined, undefined]);
  });
});
