import { expect, it } from "vitest";
import { buildModel, tensorValue } from "../build/build-model.ts";
import { buildNode } from "../build/build-node.ts";
import { buildTensor } from "../build/build-tensor.ts";
import type { OnnxModel } from "../model.ts";
import { withoutDerived } from "./without-derived.ts";

function sumModel(irVersion: number): OnnxModel {
  const add = { ...buildNode({ opType: "Add", inputs: ["x", "w"], outputs: ["s"], name: "adds" }), docString: "adds the weight" };
  const model = buildModel({
    irVersion,
    nodes: [add, buildNode({ opType: "Relu", inputs: ["s"], outputs: ["y"] })],
    inputs: [tensorValue("x", "FP32", [2]), tensorValue("w", "FP32", [2])],
    outputs: [tensorValue("y", "FP32", [2])],
    initializers: [buildTensor({ name: "w", datatype: "FP32", shape: [2], data: [1, 2] })],
  });
  if (!model.graph) throw new Error("the model has a graph");
  return { ...model, graph: { ...model.graph, docString: "a sum", valueInfo: [tensorValue("s", "FP32", [2])] } };
}

it("withoutDerived() leaves out the types of values in between and every text, and keeps nodes, names and weights", () => {
  const before = sumModel(8);
  const { graph } = withoutDerived(before);
  expect(graph).toMatchObject({ valueInfo: [], input: before.graph?.input, output: before.graph?.output });
  expect(graph?.initializer).toEqual(before.graph?.initializer);
  expect(graph?.node.map(({ name, docString }) => [name, docString])).toEqual([
    ["adds", undefined],
    [undefined, undefined],
  ]);
  expect(graph?.docString).toBeUndefined();
});

it.each([
  [3, 4n, ["x"]],
  [4, 4n, ["x", "w"]],
])("withoutDerived() gives version %i as %i with the inputs %j: a constant is a default from version 4 on", (version, becomes, inputs) => {
  const { irVersion, graph } = withoutDerived(sumModel(version));
  expect([irVersion, graph?.input.map(({ name }) => name)]).toEqual([becomes, inputs]);
});

it("withoutDerived() fails with ONNX_INVALID for a model without a graph", () => {
  const { graph: _none, ...model } = sumModel(8);
  expect(() => withoutDerived(model)).toThrow("it holds no graph");
});
