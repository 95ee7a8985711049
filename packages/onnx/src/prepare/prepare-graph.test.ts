import { readFileSync } from "node:fs";
import type { Datatype } from "@modelyard/codec";
import { PlatformError } from "@modelyard/core";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { buildGraph, buildModel, type ModelOptions, tensorTypeOf, tensorValue, valueOfType } from "../build/build-model.ts";
import { buildNode } from "../build/build-node.ts";
import { buildTensor } from "../build/build-tensor.ts";
import { elementCodeOf } from "../element-type.ts";
import type { OnnxModel, OnnxNode, OnnxType } from "../model.ts";
import { parseModel, writeModel } from "../parse-model.ts";
import { type PreparedGraph, prepareGraph } from "./prepare-graph.ts";

const bf16 = elementCodeOf("BF16");
const fp32 = elementCodeOf("FP32");

function golden(name: string): Buffer {
  return readFileSync(new URL(`../../testdata/${name}`, import.meta.url));
}

async function run({ bytes }: PreparedGraph, feeds: Readonly<Record<string, Tensor>>): Promise<InferenceSession.OnnxValueMapType> {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 4 });
  return session.run(feeds);
}

function node(opType: string, input: string, output: string): OnnxNode {
  return buildNode({ opType, inputs: [input], outputs: [output] });
}

function cast(input: string, output: string, to: number): OnnxNode {
  return buildNode({ opType: "Cast", inputs: [input], outputs: [output], attributes: { to: BigInt(to) } });
}

function identity(datatype: Datatype): OnnxModel {
  return halves({
    nodes: [node("Identity", "x", "y")],
    inputs: [tensorValue("x", datatype, ["n"])],
    outputs: [tensorValue("y", datatype, ["n"])],
  });
}

/** A model with BF16 at its border. */
function halves(options: Partial<ModelOptions>): OnnxModel {
  return buildModel({
    nodes: [],
    inputs: [tensorValue("x", "BF16", ["n"])],
    outputs: [tensorValue("y", "BF16", ["n"])],
    ...options,
  });
}

/** Every BF16 pattern that is not NaN, as FP32. */
const everyHalf: readonly number[] = Array.from({ length: 2 ** 16 }, (_, pattern) => {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, pattern * 2 ** 16);
  return view.getFloat32(0);
}).filter((value) => !Number.isNaN(value));

describe("prepareGraph()", () => {
  it.each<[Datatype, Tensor]>([
    ["BOOL", new Tensor("bool", new Uint8Array([1, 0]), [2])],
    ["UINT8", new Tensor("uint8", new Uint8Array([1, 255]), [2])],
    ["UINT16", new Tensor("uint16", new Uint16Array([1, 65535]), [2])],
    ["UINT32", new Tensor("uint32", new Uint32Array([1, 2 ** 32 - 1]), [2])],
    ["UINT64", new Tensor("uint64", new BigUint64Array([1n, 2n ** 64n - 1n]), [2])],
    ["INT8", new Tensor("int8", new Int8Array([1, -128]), [2])],
    ["INT16", new Tensor("int16", new Int16Array([1, -32768]), [2])],
    ["INT32", new Tensor("int32", new Int32Array([1, -(2 ** 31)]), [2])],
    ["INT64", new Tensor("int64", new BigInt64Array([1n, -(2n ** 63n)]), [2])],
    ["FP32", new Tensor("float32", new Float32Array([1, -0]), [2])],
    ["FP64", new Tensor("float64", new Float64Array([1, 5e-324]), [2])],
    ["BYTES", new Tensor("string", ["ü", ""], [2])],
  ])("leaves %s alone, which the binding carries", async (datatype, tensor) => {
    const bytes = writeModel(identity(datatype));
    const prepared = prepareGraph(bytes);
    expect(prepared).toMatchObject({ edits: [], findings: [] });
    expect(prepared.bytes).toBe(bytes);
    expect(prepared.signature.inputs).toEqual([{ name: "x", datatype, boundDatatype: datatype, shape: [-1] }]);
    expect((await run(prepared, { x: tensor }))["y"]?.data).toEqual(tensor.data);
  });

  it("leaves FP16 alone, which the binding carries as 16-bit patterns", async () => {
    const prepared = prepareGraph(identity("FP16"));
    expect(prepared).toMatchObject({ edits: [], findings: [], signature: { outputs: [{ datatype: "FP16", boundDatatype: "FP16" }] } });
    const patterns = Uint16Array.of(0x3c00, 0x7c00);
    // The class Tensor turns 16-bit patterns into a Float16Array, which the native part does not take; it takes this.
    const feed = { type: "float16", dims: [2], data: patterns, location: "cpu" } as unknown as Tensor;
    const { y } = await run(prepared, { x: feed });
    const bits = y?.data as Uint16Array;
    expect(new Uint16Array(bits.buffer, bits.byteOffset, bits.length)).toEqual(patterns);
  });

  it("carries every BF16 value through a graph as FP32, exactly", async () => {
    await expect(InferenceSession.create(writeModel(identity("BF16")))).rejects.toThrow("Unsupported data type: 16");
    const prepared = prepareGraph(writeModel(identity("BF16")));
    expect(prepared.signature.inputs).toEqual([{ name: "x", datatype: "BF16", boundDatatype: "FP32", shape: [-1] }]);
    expect(prepared.signature.outputs).toEqual([{ name: "y", datatype: "BF16", boundDatatype: "FP32", shape: [-1] }]);
    expect(prepared.edits).toHaveLength(2);
    expect(prepared.findings).toEqual([]);
    const { y } = await run(prepared, { x: new Tensor("float32", Float32Array.from(everyHalf), [everyHalf.length]) });
    expect(y?.data).toEqual(Float32Array.from(everyHalf));
  });

  it("rounds inside the graph as before: the sum of 256 and 1 is no BF16", async () => {
    const nodes = [
      cast("x", "wide", fp32),
      buildNode({ opType: "Add", inputs: ["wide", "one"], outputs: ["sum"] }),
      cast("sum", "y", bf16),
    ];
    const one = buildTensor({ name: "one", datatype: "FP32", shape: [], data: [1] });
    const outputs = [tensorValue("y", "BF16", ["n"]), tensorValue("sum", "FP32", ["n"])];
    const { y, sum } = await run(prepareGraph(halves({ nodes, outputs, initializers: [one] })), {
      x: new Tensor("float32", [256, 1.5], [2]),
    });
    expect(y?.data).toEqual(Float32Array.of(256, 2.5));
    expect(sum?.data).toEqual(Float32Array.of(257, 2.5));
  });

  it("follows a BF16 input into the bodies that capture it", async () => {
    const branch = (name: string): { readonly graph: ReturnType<typeof buildGraph> } => ({
      graph: buildGraph({ nodes: [node("Identity", "x", name)], outputs: [tensorValue(name, "BF16", ["n"])] }),
    });
    const choose = buildNode({
      opType: "If",
      inputs: ["c"],
      outputs: ["y"],
      attributes: { then_branch: branch("a"), else_branch: branch("b") },
    });
    const inputs = [tensorValue("x", "BF16", ["n"]), tensorValue("c", "BOOL", [])];
    const feeds = { x: new Tensor("float32", [1.5], [1]), c: new Tensor("bool", [true], []) };
    const { y } = await run(prepareGraph(halves({ nodes: [choose], inputs })), feeds);
    expect(y?.data).toEqual(Float32Array.of(1.5));
  });

  it("passes a BF16 output on that is used inside, too, and one that is an input", async () => {
    const nodes = [node("Identity", "x", "y"), node("Identity", "y", "z")];
    const outputs = ["y", "z", "x"].map((name) => tensorValue(name, "BF16", ["n"]));
    const prepared = prepareGraph(halves({ nodes, outputs }));
    const answers = await run(prepared, { x: new Tensor("float32", [3], [1]) });
    expect(Object.entries(answers).map(([name, { data }]) => [name, data])).toEqual(
      ["y", "z", "x"].map((name) => [name, Float32Array.of(3)]),
    );
  });

  it("makes a default a constant when its BF16 input is an output as well", async () => {
    const initializers = [buildTensor({ name: "w", datatype: "BF16", shape: [1], data: new Uint8Array([0x80, 0x3f]) })];
    const inputs = [tensorValue("x", "BF16", ["n"]), tensorValue("w", "BF16", [1])];
    const prepared = prepareGraph(
      halves({ nodes: [node("Identity", "x", "y")], inputs, outputs: [tensorValue("w", "BF16", [1])], initializers }),
    );
    expect((await run(prepared, { x: new Tensor("float32", [3], [1]) }))["w"]?.data).toEqual(Float32Array.of(1));
  });

  it("refuses BF16 where the standard operators cannot cast it", () => {
    const { findings, edits } = prepareGraph(halves({ nodes: [node("Identity", "x", "y")], opset: 12 }));
    expect(edits).toEqual([]);
    expect(findings).toMatchObject([{ kind: "TYPE_UNSUPPORTED", severity: "error", path: "graph.input[0]" }]);
  });

  it.each(["numbers", "texts"])("gives the probabilities of a classifier with %s as labels as a tensor, column by column", async (kind) => {
    const expected: { x: number[]; label: (number | string)[]; labels: (number | string)[]; probability: number[] } = JSON.parse(
      golden(`classifier-${kind}.json`).toString(),
    );
    const prepared = prepareGraph(golden(`classifier-${kind}.onnx`));
    expect(prepared.findings).toEqual([]);
    expect(prepared.edits).toHaveLength(1);
    const [, probability] = prepared.signature.outputs;
    expect(probability).toMatchObject({ name: "probability", datatype: "FP32", shape: [-1, 3] });
    expect(probability?.classLabels?.map(String)).toEqual(expected.labels.map(String));
    const answers = await run(prepared, { x: new Tensor("float32", expected.x, [2, 4]) });
    expect(answers["probability"]?.data).toEqual(Float32Array.from(expected.probability));
    expect(answers["probability"]?.dims).toEqual([2, 3]);
    const labels = answers["label"]?.data as ArrayLike<bigint | string>;
    expect(Array.from(labels, String)).toEqual(expected.label.map(String));
  });

  it("keeps the labels in the file, too", () => {
    const { metadataProps } = parseModel(prepareGraph(golden("classifier-texts.onnx")).bytes);
    expect(metadataProps).toEqual([{ key: "classlabels_strings.probability", value: '["ant","bee","cow"]' }]);
  });

  it("imports the standard operators for a classifier that does not", async () => {
    const model = parseModel(golden("classifier-numbers.onnx"));
    const prepared = prepareGraph({ ...model, opsetImport: model.opsetImport.filter(({ domain }) => domain !== "") });
    expect((await run(prepared, { x: new Tensor("float32", [1, 2, 3, 4], [1, 4]) }))["label"]?.data).toHaveLength(1);
  });

  const float = tensorTypeOf("FP32", [2]);
  it.each<[string, OnnxType, "inputs" | "outputs"]>([
    ["seq(tensor(float))", { sequenceType: { elemType: float } }, "outputs"],
    ["seq(tensor(float))", { sequenceType: { elemType: float } }, "inputs"],
    ["map(int64,tensor(float))", { mapType: { keyType: 7, valueType: float } }, "inputs"],
    ["optional(tensor(float))", { optionalType: { elemType: float } }, "outputs"],
    ["tensor(int4)", { tensorType: { elemType: 22 } }, "inputs"],
    ["tensor(float8e5m2)", { tensorType: { elemType: 19 } }, "outputs"],
  ])("refuses a %s among the %s (%#)", (type, valueType, side) => {
    const { findings, edits } = prepareGraph(halves({ [side]: [valueOfType("v", valueType)] }));
    expect(edits).toEqual([]);
    expect(findings).toMatchObject([{ kind: "TYPE_UNSUPPORTED", severity: "error", message: expect.stringContaining(type) }]);
  });

  it("throws ONNX_INVALID for bytes that are no model", () => {
    const refused = (): unknown => prepareGraph(Buffer.from("no model"));
    expect(refused).toThrow(PlatformError);
    expect(refused).toThrow(/not a valid ONNX model/);
  });
});
