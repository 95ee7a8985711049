import { existsSync, readdirSync, readFileSync } from "node:fs";
import { PlatformError } from "@modelyard/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildGraph, buildModel, tensorValue } from "./build/build-model.ts";
import { type AttributeValue, buildNode } from "./build/build-node.ts";
import { buildTensor } from "./build/build-tensor.ts";
import type { OnnxGraph, OnnxModel, OnnxNode } from "./model.ts";
import { parseModel, writeModel } from "./parse-model.ts";

const testdata = new URL("../testdata/", import.meta.url);
const mnist = new URL("../../../../shared/data/models/mnist/mnist.onnx", import.meta.url);
const goldens = readdirSync(testdata).filter((name) => name.endsWith(".onnx"));

function golden(name: string): Buffer {
  return readFileSync(new URL(name, testdata));
}

/** The refusal of `bytes`, or `undefined` when they parse; anything but `ONNX_INVALID` fails the test. */
function refusal(bytes: Uint8Array): PlatformError | undefined {
  try {
    parseModel(bytes);
    return undefined;
  } catch (error) {
    if (!PlatformError.is(error)) throw error;
    expect(error.reason).toBe("ONNX_INVALID");
    return error;
  }
}

/** A message in the JSON form of protobuf, which the reference library printed: 64-bit numbers as text, bytes as base64, nothing absent. */
function jsonForm(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(jsonForm);
  if (typeof value !== "object" || value === null) return value;
  const present = Object.entries(value).filter(
    ([name, one]) => name !== "unknownFields" && one !== undefined && !(Array.isArray(one) && one.length === 0),
  );
  return Object.fromEntries(present.map(([name, one]) => [name, jsonForm(one)]));
}

/** The reference library prints a float with the digits that identify it; fields that this version keeps as unknown are left out. */
function referenceForm(value: unknown): unknown {
  if (typeof value === "number") return Math.fround(value);
  if (Array.isArray(value)) return value.map(referenceForm);
  if (typeof value !== "object" || value === null) return value;
  const known = Object.entries(value).filter(([name]) => name !== "deviceConfigurations");
  return Object.fromEntries(known.map(([name, one]) => [name, referenceForm(one)]));
}

describe("parseModel() and writeModel()", () => {
  it.each(goldens)("give back %s, written by the reference library, byte for byte", (name) => {
    expect(Buffer.from(writeModel(parseModel(golden(name))))).toEqual(golden(name));
  });

  it.skipIf(!existsSync(mnist))("give back the MNIST model byte for byte (skipped without ../shared)", () => {
    const bytes = readFileSync(mnist);
    expect(Buffer.from(writeModel(parseModel(bytes)))).toEqual(bytes);
  });

  it("read every field of every message as the reference library does", () => {
    const reference: unknown = JSON.parse(readFileSync(new URL("every-field.json", testdata), "utf8"));
    const parsed = jsonForm(parseModel(golden("every-field.onnx")));
    expect(referenceForm(parsed)).toEqual(referenceForm(reference));
  });

  it("keep what they do not know, also at a place that was edited", () => {
    const future = Buffer.from("ba060568656c6c6f", "hex");
    const model = parseModel(Buffer.concat([golden("control-flow.onnx"), future]));
    expect(model.unknownFields).toEqual([future]);
    const edited = writeModel({ ...model, producerName: "else" });
    expect(parseModel(edited).unknownFields?.map((field) => Buffer.from(field))).toEqual([future]);
  });

  it("give tensor bytes as views of the file", () => {
    const bytes = golden("element-types.onnx");
    const raw = parseModel(bytes).graph?.initializer.find(({ name }) => name === "FLOAT.raw")?.rawData;
    expect(raw?.buffer).toBe(bytes.buffer);
    expect(raw?.length).toBe(36);
  });

  it("give back what the builder made", () => {
    fc.assert(
      fc.property(models, (model) => {
        expect(parseModel(Uint8Array.from(writeModel(model)))).toEqual(model);
      }),
      { numRuns: 200 },
    );
  });
});

describe("parseModel()", () => {
  it("refuses or reads a model that ends at any byte, and nothing else", () => {
    const bytes = golden("control-flow.onnx");
    const refused = bytes.keys().filter((length) => refusal(bytes.subarray(0, length)) !== undefined);
    // The graph is one field in the middle of the file: whatever ends inside it or before is refused.
    expect([...refused].length).toBeGreaterThan(bytes.length * 0.9);
  });

  it("refuses or reads a model with bytes changed at random, and nothing else", () => {
    const bytes = golden("control-flow.onnx");
    const changes = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(changes, (list) => {
        const broken = Uint8Array.from(bytes);
        for (const [offset, value] of list) broken[offset] = value;
        refusal(broken);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ["nothing", ""],
    ["a text", "This is no model"],
    ["a web page", "<!DOCTYPE html><html></html>"],
    ["a pickle", "\u0080\u0004\u0095\u0010\u0000"],
    ["a pointer to a file that is elsewhere", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"],
  ])("refuses %s", (_, text) => {
    expect(refusal(Buffer.from(text, "latin1"))).toBeDefined();
  });

  it("names the part in which the file breaks off", () => {
    const bytes = golden("control-flow.onnx");
    expect(refusal(bytes.subarray(0, 100))?.message).toMatch(/ends in the middle of a value at byte \d+ \(graph\)$/);
    const node = buildNode({ opType: "Abs", inputs: ["x"], outputs: ["y"] });
    const invalidName = Buffer.from(writeModel(buildModel({ nodes: [node, { ...node, name: "~~~~" }], outputs: [] })));
    invalidName.fill(0xff, invalidName.indexOf("~~~~"), invalidName.indexOf("~~~~") + 4);
    expect(refusal(invalidName)?.message).toMatch(/a text is not UTF-8 at byte \d+ \(graph\.node\[1\]\.name\)$/);
  });

  it("refuses graphs nested deeper than the runtime reads", () => {
    expect(refusal(writeModel(nested(20)))).toBeUndefined();
    expect(refusal(writeModel(nested(200)))?.message).toContain("nested deeper");
  });
});

/** A graph in a graph in a graph. */
function nested(depth: number): OnnxModel {
  const innermost = buildGraph({ nodes: [], outputs: [] });
  const graph = Array.from({ length: depth }).reduce<OnnxGraph>(
    (inner) =>
      buildGraph({
        nodes: [buildNode({ opType: "If", inputs: ["c"], outputs: [], attributes: { then_branch: { graph: inner } } })],
        outputs: [],
      }),
    innermost,
  );
  return { ...buildModel({ nodes: [], outputs: [] }), graph };
}

const names = fc.string({ maxLength: 8, unit: "grapheme" });
const int64s = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const floats = fc.float({ noNaN: true });
const tensors = fc
  .record({ name: names, data: fc.array(floats, { maxLength: 5 }) })
  .map(({ name, data }) => buildTensor({ name, datatype: "FP32", shape: [data.length], data }));
const values = fc
  .record({ name: names, shape: fc.array(fc.oneof(fc.nat(9), fc.constant(-1), fc.constant("n")), { maxLength: 4 }) })
  .map(({ name, shape }) => tensorValue(name, "FP16", shape));
const attributeValues: fc.Arbitrary<AttributeValue> = fc.oneof(
  int64s,
  floats,
  names,
  fc.array(int64s, { maxLength: 4 }),
  fc.array(floats, { maxLength: 4 }),
  fc.array(names, { maxLength: 4 }),
  tensors.map((tensor) => ({ tensor })),
);
const nodes: fc.Arbitrary<OnnxNode> = fc
  .record({
    opType: names,
    inputs: fc.array(names, { maxLength: 3 }),
    outputs: fc.array(names, { maxLength: 3 }),
    attributes: fc.array(fc.tuple(names, attributeValues), { maxLength: 3 }).map((entries) => new Map(entries)),
  })
  .map((node) => buildNode({ ...node, attributes: Object.fromEntries(node.attributes) }));
const models: fc.Arbitrary<OnnxModel> = fc
  .record({
    nodes: fc.array(nodes, { maxLength: 4 }),
    inputs: fc.array(values, { maxLength: 3 }),
    outputs: fc.array(values, { maxLength: 3 }),
    initializers: fc.array(tensors, { maxLength: 3 }),
    opset: fc.integer({ min: 1, max: 30 }),
    metadata: fc.dictionary(names, names, { maxKeys: 3 }),
  })
  .map(buildModel);
