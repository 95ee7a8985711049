import { describe, expect, it } from "vitest";
import { buildGraph, tensorValue } from "../build/build-model.ts";
import { buildNode } from "../build/build-node.ts";
import { buildTensor } from "../build/build-tensor.ts";
import type { OnnxGraph, OnnxNode } from "../model.ts";
import { freeName, renameInside } from "./rename-value.ts";

function node(input: string, output: string): OnnxNode {
  return buildNode({ opType: "Abs", inputs: [input], outputs: [output] });
}

function holding(body: OnnxGraph): OnnxNode {
  return buildNode({ opType: "If", inputs: ["c"], outputs: ["y"], attributes: { then_branch: { graph: body } } });
}

function bodyOf(graph: OnnxGraph): OnnxGraph | undefined {
  return graph.node[0]?.attribute[0]?.g;
}

const aToB = { from: "a", to: "b" };

describe("renameInside()", () => {
  it("renames where a value is made and used, and not at the border of the graph", () => {
    const a = tensorValue("a", "FP32", [1]);
    const graph = buildGraph({ nodes: [node("a", "z"), node("z", "a")], inputs: [a], outputs: [a] });
    const renamed = renameInside({ ...graph, valueInfo: [a] }, aToB);
    expect(renamed.node.map(({ input, output }) => [...input, ...output])).toEqual([
      ["b", "z"],
      ["z", "b"],
    ]);
    expect([renamed.input[0]?.name, renamed.output[0]?.name, renamed.valueInfo[0]?.name]).toEqual(["a", "a", "b"]);
  });

  it("follows a value into bodies that capture it", () => {
    const renamed = renameInside(buildGraph({ nodes: [holding(buildGraph({ nodes: [node("a", "z")], outputs: [] }))], outputs: [] }), aToB);
    expect(bodyOf(renamed)?.node[0]?.input).toEqual(["b"]);
  });

  it.each<[string, OnnxGraph]>([
    ["input", buildGraph({ nodes: [node("a", "z")], inputs: [tensorValue("a", "FP32")], outputs: [] })],
    [
      "constant",
      buildGraph({
        nodes: [node("a", "z")],
        outputs: [],
        initializers: [buildTensor({ name: "a", datatype: "FP32", shape: [0], data: [] })],
      }),
    ],
    ["result", buildGraph({ nodes: [node("q", "a"), node("a", "z")], outputs: [] })],
  ])("leaves a body alone whose own %s has the name", (_, body) => {
    expect(bodyOf(renameInside(buildGraph({ nodes: [holding(body)], outputs: [] }), aToB))).toBe(body);
  });

  it("shares what it does not touch", () => {
    const graph = buildGraph({ nodes: [node("x", "z")], outputs: [] });
    expect(renameInside(graph, aToB).node[0]).toBe(graph.node[0]);
  });
});

describe("freeName()", () => {
  it("avoids names of values and nodes, also in bodies", () => {
    const body = buildGraph({ nodes: [node("q", "wanted")], outputs: [] });
    const graph = buildGraph({ nodes: [holding(body), { ...node("x", "z"), name: "wanted_2" }], outputs: [] });
    expect(freeName(graph, "wanted")).toBe("wanted_3");
    expect(freeName(graph, "other")).toBe("other");
  });
});
