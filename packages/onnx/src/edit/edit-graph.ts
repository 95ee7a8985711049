/** Edits of models as functions from model to model; what is not edited is shared. */
import { failure } from "@modelyard/core";
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxOpset, OnnxTensor, OnnxValueInfo } from "../model.ts";

/** Applies an edit to the main graph; fails with `ONNX_INVALID` when there is none. */
export function editGraph(model: OnnxModel, edit: (graph: OnnxGraph) => OnnxGraph): OnnxModel {
  if (model.graph === undefined) throw failure("ONNX_INVALID", { problem: "it holds no graph", where: "the file" });
  return { ...model, graph: edit(model.graph) };
}

/** Puts `tensor` in the place of the initializer of the same name; fails with `NOT_FOUND` when there is none. */
export function replaceInitializer(model: OnnxModel, tensor: OnnxTensor): OnnxModel {
  return editGraph(model, (graph) => {
    if (!graph.initializer.some(({ name }) => name === tensor.name)) {
      throw failure("NOT_FOUND", { what: `The initializer "${tensor.name ?? ""}"` });
    }
    return { ...graph, initializer: graph.initializer.map((one) => (one.name === tensor.name ? tensor : one)) };
  });
}

/** Adds nodes behind the others, or in front of them. */
export function addNodes(graph: OnnxGraph, nodes: readonly OnnxNode[], place: "front" | "back" = "back"): OnnxGraph {
  return { ...graph, node: place === "front" ? [...nodes, ...graph.node] : [...graph.node, ...nodes] };
}

/** Replaces the inputs of the main graph. */
export function setInputs(model: OnnxModel, input: readonly OnnxValueInfo[]): OnnxModel {
  return editGraph(model, (graph) => ({ ...graph, input }));
}

/** Replaces the outputs of the main graph. */
export function setOutputs(model: OnnxModel, output: readonly OnnxValueInfo[]): OnnxModel {
  return editGraph(model, (graph) => ({ ...graph, output }));
}

/** Sets a metadata entry, in the place of one with the same key. */
export function setMetadata(model: OnnxModel, key: string, value: string): OnnxModel {
  return { ...model, metadataProps: [...model.metadataProps.filter((entry) => entry.key !== key), { key, value }] };
}

/** The imported version of a domain; "" and `ai.onnx` are the same, the standard operators. */
export function opsetVersion(imports: readonly OnnxOpset[], domain: string): bigint | undefined {
  return imports.find((one) => canonicalDomain(one.domain) === canonicalDomain(domain))?.version;
}

/** The name by which a domain is compared. */
export function canonicalDomain(domain: string | undefined): string {
  return domain === undefined || domain === "ai.onnx" ? "" : domain;
}
