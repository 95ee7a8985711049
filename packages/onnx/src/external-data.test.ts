import { describe, expect, it } from "vitest";
import { buildModel } from "./build/build-model.ts";
import { buildNode } from "./build/build-node.ts";
import { buildTensor } from "./build/build-tensor.ts";
import { externalDataOf, externalLocations, isInsideTree } from "./external-data.ts";
import type { OnnxTensor } from "./model.ts";

function external(entries: Readonly<Record<string, string>>): OnnxTensor {
  const { rawData: _, ...tensor } = buildTensor({ name: "w", datatype: "FP32", shape: [0], data: [] });
  return { ...tensor, dataLocation: 1, externalData: Object.entries(entries).map(([key, value]) => ({ key, value })) };
}

describe("isInsideTree()", () => {
  it.each(["weights.bin", "a/b.bin", "..hidden", "a..b/c", "./w.bin"])("accepts %s", (location) => {
    expect(isInsideTree(location)).toBe(true);
  });

  it.each([
    "",
    "/etc/passwd",
    "../w",
    "a/../../w",
    "a/..",
    "C:\\w",
    "c:w",
    "a\\b",
    "file:///w",
    "a//b",
    "a/",
    "w\u0000",
    "*/_ORT_MEM_ADDR_/*",
  ])("refuses %j", (location) => {
    expect(isInsideTree(location)).toBe(false);
  });
});

describe("externalDataOf()", () => {
  it("reads location, offset and length", () => {
    expect(externalDataOf(external({ location: "w", offset: "16", length: "4" }))).toEqual({ location: "w", offset: 16n, length: 4n });
    expect(externalDataOf(external({ location: "w" }))).toEqual({ location: "w", offset: 0n, length: undefined });
  });

  it.each(["-1", "1.5", "", "0x10", "99999999999999999999"])("gives nothing for the offset %j", (offset) => {
    expect(externalDataOf(external({ location: "w", offset }))).toBeUndefined();
  });
});

describe("externalLocations()", () => {
  it("lists each file once, wherever a tensor refers to it", () => {
    const constant = buildNode({
      opType: "Constant",
      inputs: [],
      outputs: ["c"],
      attributes: { value: { tensor: external({ location: "b" }) } },
    });
    const initializers = [
      external({ location: "a" }),
      external({ location: "a" }),
      buildTensor({ name: "i", datatype: "FP32", shape: [0], data: [] }),
    ];
    expect(externalLocations(buildModel({ nodes: [constant], outputs: [], initializers }))).toEqual(["a", "b"]);
  });
});
