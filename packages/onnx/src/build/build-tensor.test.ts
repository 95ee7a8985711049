import { describe, expect, it } from "vitest";
import { buildTensor, type TensorOptions } from "./build-tensor.ts";

function hex(options: Omit<TensorOptions, "name" | "shape">): string {
  const { rawData } = buildTensor({ name: "t", shape: [options.data.length], ...options });
  return Buffer.from(rawData ?? []).toString("hex");
}

describe("buildTensor()", () => {
  it.each<[Omit<TensorOptions, "name" | "shape">, string]>([
    [{ datatype: "BOOL", data: [1, 0] }, "0100"],
    [{ datatype: "UINT8", data: [255] }, "ff"],
    [{ datatype: "UINT16", data: [258] }, "0201"],
    [{ datatype: "UINT32", data: [4294967295] }, "ffffffff"],
    [{ datatype: "UINT64", data: [2n ** 64n - 1n] }, "ffffffffffffffff"],
    [{ datatype: "INT8", data: [-1] }, "ff"],
    [{ datatype: "INT16", data: [-2] }, "feff"],
    [{ datatype: "INT32", data: [-2] }, "feffffff"],
    [{ datatype: "INT64", data: [-2n] }, "feffffffffffffff"],
    [{ datatype: "FP32", data: [1] }, "0000803f"],
    [{ datatype: "FP64", data: [1] }, "000000000000f03f"],
  ])("writes $0.datatype little-endian", (options, expected) => {
    expect(hex(options)).toBe(expected);
  });

  it("keeps strings as UTF-8", () => {
    const { stringData, rawData } = buildTensor({ name: "t", datatype: "BYTES", shape: [1], data: ["ü"] });
    expect(stringData).toEqual([Uint8Array.of(0xc3, 0xbc)]);
    expect(rawData).toBeUndefined();
  });

  it("refuses data of another length than the shape says", () => {
    expect(() => buildTensor({ name: "t", datatype: "FP32", shape: [2], data: [1] })).toThrow("as many bytes as its shape says");
    expect(() => buildTensor({ name: "t", datatype: "BYTES", shape: [2], data: ["a"] })).toThrow("as many strings as its shape says");
  });

  it("takes half floats as bytes only", () => {
    expect(() => buildTensor({ name: "t", datatype: "FP16", shape: [1], data: [1] })).toThrow("given as bytes");
  });
});
