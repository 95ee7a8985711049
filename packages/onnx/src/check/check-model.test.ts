import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { buildGraph, buildModel, type ModelOptions, tensorValue } from "../build/build-model.ts";
import { buildNode } from "../build/build-node.ts";
import { buildTensor } from "../build/build-tensor.ts";
import { hasErrors } from "../finding.ts";
import type { OnnxFunction, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor } from "../model.ts";
import { parseModel } from "../parse-model.ts";
import { type CheckOptions, checkModel } from "./check-model.ts";

const x = tensorValue("x", "FP32", ["n"]);
const y = tensorValue("y", "FP32", ["n"]);
const weight = buildTensor({ name: "w", datatype: "FP32", shape: [2], data: [1, 2] });

function node(opType: string, input: string, output: string): OnnxNode {
  return buildNode({ opType, inputs: [input], outputs: [output] });
}

const abs = node("Abs", "x", "y");

function model(options: Partial<ModelOptions> = {}): OnnxModel {
  return buildModel({ nodes: [abs], inputs: [x], outputs: [y], ...options });
}

function withoutGraph(): OnnxModel {
  const { graph: _, ...rest } = model();
  return rest;
}

function withWeight(change: Partial<OnnxTensor>): OnnxModel {
  return model({ initializers: [{ ...weight, ...change }] });
}

function withoutRaw(change: Partial<OnnxTensor>): OnnxModel {
  const { rawData: _, ...typed } = weight;
  return model({ initializers: [{ ...typed, ...change }] });
}

function external(entries: Readonly<Record<string, string>>): OnnxModel {
  return withoutRaw({ dataLocation: 1, externalData: Object.entries(entries).map(([key, value]) => ({ key, value })) });
}

function branching(body: OnnxGraph, others: readonly OnnxNode[] = []): OnnxModel {
  const attributes = { then_branch: { graph: body }, else_branch: { graph: body } };
  const choose = buildNode({ opType: "If", inputs: ["c"], outputs: ["y"], attributes });
  return model({ nodes: [...others, choose], inputs: [x, tensorValue("c", "BOOL", [])] });
}

function body(nodes: readonly OnnxNode[], output: string): OnnxGraph {
  return buildGraph({ nodes, outputs: [tensorValue(output, "FP32", ["n"])] });
}

function step(change: Partial<OnnxFunction> = {}): OnnxFunction {
  const lists = { attribute: [], attributeProto: [], valueInfo: [], metadataProps: [] };
  const opsetImport = [{ domain: "", version: 21n }];
  return { ...lists, name: "Step", domain: "own", input: ["a"], output: ["b"], node: [node("Abs", "a", "b")], opsetImport, ...change };
}

function calling(functions: readonly OnnxFunction[]): OnnxModel {
  const call = buildNode({ opType: "Step", inputs: ["x"], outputs: ["y"], domain: "own" });
  return model({ nodes: [call], functions, opset: { "": 21, own: 1 } });
}

function found(checked: OnnxModel, options?: CheckOptions): readonly string[] {
  return checkModel(checked, options).map(({ severity, kind, path }) => `${severity} ${kind} ${path}`);
}

describe("checkModel()", () => {
  it.each(["control-flow.onnx", "classifier-numbers.onnx", "classifier-texts.onnx"])("finds nothing in %s", (name) => {
    expect(found(parseModel(readFileSync(new URL(`../../testdata/${name}`, import.meta.url))))).toEqual([]);
  });

  it("accepts constants of every element type, as raw data and as typed data", () => {
    const checked = parseModel(readFileSync(new URL("../../testdata/element-types.onnx", import.meta.url)));
    expect(checked.graph?.initializer.length).toBeGreaterThan(50);
    expect(found(checked)).toEqual([]);
  });

  it.each<[string, OnnxModel, readonly string[]]>([
    ["a model that only holds functions", withoutGraph(), ["error GRAPH_MISSING graph"]],
    ["a format of the future", model({ irVersion: 14 }), ["error IR_VERSION_UNSUPPORTED irVersion"]],
    ["no format", model({ irVersion: 0 }), ["warning IR_VERSION_UNSUPPORTED irVersion"]],
    ["no imports", { ...model(), opsetImport: [] }, ["error OPSET_MISSING opsetImport", "warning OPSET_MISSING graph.node[0]"]],
    ["operators of the future", model({ opset: 27 }), ["error OPSET_TOO_NEW opsetImport[0]"]],
    ["ML operators of the future", model({ opset: { "": 21, "ai.onnx.ml": 6 } }), ["error OPSET_TOO_NEW opsetImport[1]"]],
    ["old operators", model({ opset: 6 }), ["warning OPSET_OLD opsetImport[0]"]],
    ["operators of no version", model({ opset: 0 }), ["error OPSET_UNKNOWN opsetImport[0]"]],
    ["an alias of the standard domain", model({ opset: { "ai.onnx": 21 } }), []],
    [
      "an operator nobody defines",
      model({ nodes: [buildNode({ opType: "Own", inputs: ["x"], outputs: ["y"], domain: "own" })], opset: { "": 21, own: 1 } }),
      ["error OPERATOR_UNKNOWN graph.node[0]"],
    ],
    [
      "an operator of the runtime",
      model({ nodes: [buildNode({ opType: "Gelu", inputs: ["x"], outputs: ["y"], domain: "com.microsoft" })] }),
      [],
    ],
    ["a node without an operator", model({ nodes: [node("", "x", "y")] }), ["error NAME_MISSING graph.node[0].opType"]],
  ])("judges %s", (_, checked, expected) => {
    expect(found(checked)).toEqual(expected);
  });

  it.each<[string, OnnxModel, readonly string[]]>([
    ["a value nobody makes", model({ nodes: [node("Abs", "q", "y")] }), ["error VALUE_UNDEFINED graph.node[0].input[0]"]],
    ["an output nobody makes", model({ nodes: [node("Abs", "x", "z")] }), ["error VALUE_UNDEFINED graph.output[0]"]],
    ["an input left out", model({ nodes: [buildNode({ opType: "Clip", inputs: ["x", "", ""], outputs: ["y"] })] }), []],
    [
      "nodes in no order",
      model({ nodes: [node("Abs", "a", "y"), node("Neg", "x", "a")] }),
      ["warning VALUE_OUT_OF_ORDER graph.node[0].input[0]"],
    ],
    ["a value made twice", model({ nodes: [abs, node("Neg", "x", "y")] }), ["error VALUE_REDEFINED graph.node[1].output[0]"]],
    ["an input made again", model({ nodes: [node("Abs", "x", "x"), abs] }), ["error VALUE_REDEFINED graph.node[0].output[0]"]],
    ["an input twice", model({ inputs: [x, x] }), ["error VALUE_REDEFINED graph.input[1]"]],
    ["a constant twice", model({ initializers: [weight, weight] }), ["warning NAME_REPEATED graph.initializer"]],
    ["an input with a default", model({ inputs: [x, tensorValue("w", "FP32", [2])], initializers: [weight] }), []],
    [
      "two nodes of one name",
      model({
        nodes: [
          { ...node("Abs", "x", "a"), name: "n" },
          { ...node("Abs", "a", "y"), name: "n" },
        ],
      }),
      ["error NAME_REPEATED graph.node[1].name"],
    ],
    ["a body that captures", branching(body([node("Abs", "x", "z")], "z")), []],
    [
      "a body that uses what nobody makes",
      branching(body([node("Abs", "q", "z")], "z")),
      [0, 1].map((branch) => `error VALUE_UNDEFINED graph.node[0].attribute[${branch}].g.node[0].input[0]`),
    ],
    [
      "a body that hides an outer value",
      branching(body([node("Abs", "x", "a")], "a"), [node("Neg", "x", "a")]),
      [0, 1].map((branch) => `error VALUE_REDEFINED graph.node[1].attribute[${branch}].g.node[0].output[0]`),
    ],
    [
      "a body that gives an outer value as its own",
      branching(body([], "x")),
      [0, 1].map((branch) => `error VALUE_UNDEFINED graph.node[0].attribute[${branch}].g.output[0]`),
    ],
    ["a function of the model", calling([step()]), []],
    ["a function defined twice", calling([step(), step()]), ["error NAME_REPEATED functions[1]"]],
    ["a function that uses what nobody makes", calling([step({ input: [] })]), ["error VALUE_UNDEFINED functions[0].node[0].input[0]"]],
    ["a function without a name", calling([step(), step({ name: "" })]), ["error NAME_MISSING functions[1]"]],
  ])("judges the wiring of %s", (_, checked, expected) => {
    expect(found(checked)).toEqual(expected);
  });

  const alpha = { ...buildNode({ opType: "Elu", inputs: ["x"], outputs: ["y"], attributes: { alpha: 1 } }) };
  it.each<[string, OnnxNode]>([
    ["without a name", { ...alpha, attribute: alpha.attribute.map((one) => ({ ...one, name: "" })) }],
    ["that says tensor and holds none", { ...alpha, attribute: alpha.attribute.map((one) => ({ ...one, type: 4 })) }],
    ["that refers to a function around it", { ...alpha, attribute: alpha.attribute.map((one) => ({ ...one, refAttrName: "a" })) }],
  ])("refuses an attribute %s", (_, wrong) => {
    expect(found(model({ nodes: [wrong] }))).toEqual(["error ATTRIBUTE_INVALID graph.node[0].attribute[0]"]);
  });

  it("refuses an attribute that occurs twice", () => {
    const twice = { ...alpha, attribute: [...alpha.attribute, ...alpha.attribute] };
    expect(found(model({ nodes: [twice] }))).toEqual(["error ATTRIBUTE_INVALID graph.node[0].attribute[1]"]);
  });

  it.each<[string, OnnxModel, readonly string[]]>([
    ["too few raw bytes", withWeight({ rawData: new Uint8Array(7) }), ["error TENSOR_SIZE_MISMATCH graph.initializer[0].rawData"]],
    ["too many raw bytes", withWeight({ rawData: new Uint8Array(9) }), ["error TENSOR_SIZE_MISMATCH graph.initializer[0].rawData"]],
    ["too few numbers", withoutRaw({ floatData: [1] }), ["error TENSOR_SIZE_MISMATCH graph.initializer[0]"]],
    ["numbers of another type", withoutRaw({ int32Data: [1, 2] }), ["error TENSOR_SIZE_MISMATCH graph.initializer[0]"]],
    ["raw and typed values", withWeight({ floatData: [1, 2] }), ["warning TENSOR_INVALID graph.initializer[0]"]],
    ["raw strings", withWeight({ dataType: 8 }), ["error TENSOR_INVALID graph.initializer[0].rawData"]],
    ["a negative size", withWeight({ dims: [1n, -2n] }), ["error TENSOR_INVALID graph.initializer[0].dims[1]"]],
    ["an unknown type", withWeight({ dataType: 99 }), ["error TENSOR_INVALID graph.initializer[0]"]],
    ["segments", withWeight({ segment: {} }), ["error TENSOR_INVALID graph.initializer[0].segment"]],
    ["an absurd size", withWeight({ dims: [2n ** 62n, 2n ** 62n] }), ["error TENSOR_TOO_LARGE graph.initializer[0]"]],
    ["more than 2 GiB in the file", withWeight({ dims: [2n ** 29n + 1n] }), ["error TENSOR_TOO_LARGE graph.initializer[0]"]],
    ["an absurd size elsewhere", external({ location: "w", length: "8" }), []],
  ])("judges a constant with %s", (_, checked, expected) => {
    expect(found(checked)).toEqual(expected);
  });

  it("refuses inputs and outputs larger than any machine, counting sizes that vary as one", () => {
    const wide = tensorValue("y", "FP64", ["n", 2 ** 20, 2 ** 20]);
    expect(found(model({ outputs: [wide] }))).toEqual(["error TENSOR_TOO_LARGE graph.output[0]"]);
    expect(found(model({ outputs: [tensorValue("y", "FP64", ["n", 2 ** 17, 2 ** 20])] }))).toEqual([]);
  });

  it.each<[string, OnnxModel, readonly string[]]>([
    ["outside the folder", external({ location: "../w" }), ["error EXTERNAL_DATA_UNSAFE graph.initializer[0].externalData"]],
    ["at an address", external({ location: "*/_ORT_MEM_ADDR_/*" }), ["error EXTERNAL_DATA_UNSAFE graph.initializer[0].externalData"]],
    ["at no number", external({ location: "w", offset: "x" }), ["error TENSOR_INVALID graph.initializer[0].externalData"]],
    ["of another length", external({ location: "w", length: "4" }), ["error TENSOR_SIZE_MISMATCH graph.initializer[0].externalData"]],
    ["that is not there", external({ location: "v" }), ["error EXTERNAL_DATA_MISSING graph.initializer[0].externalData"]],
    ["beyond the end", external({ location: "w", offset: "9" }), ["error TENSOR_SIZE_MISMATCH graph.initializer[0].externalData"]],
    ["that fits", external({ location: "w", offset: "8" }), []],
  ])("judges external data %s", (_, checked, expected) => {
    expect(found(checked, { externalFiles: new Map([["w", 16]]) })).toEqual(expected);
  });

  it("looks for constants in bodies, too", () => {
    const constant = buildNode({
      opType: "Constant",
      inputs: [],
      outputs: ["z"],
      attributes: { value: { tensor: { ...weight, dims: [3n] } } },
    });
    expect(found(branching(body([constant], "z")))).toEqual(
      [0, 1].map((branch) => `error TENSOR_SIZE_MISMATCH graph.node[0].attribute[${branch}].g.node[0].attribute[0].t.rawData`),
    );
  });

  it("stops at 100 findings", () => {
    const nodes = Array.from({ length: 500 }, (_, index) => node("Abs", `missing${index}`, `z${index}`));
    expect(checkModel(model({ nodes }))).toHaveLength(100);
  });

  it("takes time in proportion to the file, however many functions it has", () => {
    const functions = Array.from({ length: 50_000 }, (_, index) => step({ name: index === 0 ? "Step" : `Step${index}` }));
    expect(found(calling(functions))).toEqual([]);
  }, 10_000);
});

describe("hasErrors()", () => {
  it("tells errors from warnings", () => {
    expect(hasErrors(checkModel(model({ opset: 6 })))).toBe(false);
    expect(hasErrors(checkModel(model({ opset: 27 })))).toBe(true);
  });
});
