import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { buildModel } from "../build/build-model.ts";
import { buildTensor } from "../build/build-tensor.ts";
import type { OnnxTensor } from "../model.ts";
import { parseModel, writeModel } from "../parse-model.ts";
import { cloneWithWeight } from "./clone-with-weight.ts";

const digits = readFileSync(new URL("../../../../samples/digits/digits.onnx", import.meta.url));

function weight(bytes: Uint8Array, name: string): OnnxTensor | undefined {
  return parseModel(bytes).graph?.initializer.find((tensor) => tensor.name === name);
}

describe("cloneWithWeight()", () => {
  it("changes the named weight and nothing else", () => {
    const clone = cloneWithWeight(digits, { initializer: "dense2.bias", index: 3, value: 42 });
    const differing = clone.keys().filter((offset) => clone[offset] !== digits[offset]);
    expect(clone.length).toBe(digits.length);
    expect([...differing].length).toBeLessThanOrEqual(4);
    const raw = weight(clone, "dense2.bias")?.rawData;
    expect(raw && new DataView(raw.buffer, raw.byteOffset).getFloat32(12, true)).toBe(42);
  });

  it("changes weights that are typed data", () => {
    const { rawData: _, ...tensor } = buildTensor({ name: "w", datatype: "FP32", shape: [0], data: [] });
    const initializers = [{ ...tensor, dims: [2n], floatData: [1, 2] }];
    const clone = cloneWithWeight(writeModel(buildModel({ nodes: [], outputs: [], initializers })), { index: 1, value: 7 });
    expect(weight(clone, "w")?.floatData).toEqual([1, 7]);
  });

  it("makes as many distinct models as it is given values", () => {
    const clones = new Set(Array.from({ length: 100 }, (_, value) => Buffer.from(cloneWithWeight(digits, { value })).toString("base64")));
    expect(clones.size).toBe(100);
  });

  it("fails with NOT_FOUND for a weight that is not there", () => {
    expect(() => cloneWithWeight(digits, { initializer: "none", value: 1 })).toThrow('The FP32 weight "none" was not found');
  });
});
