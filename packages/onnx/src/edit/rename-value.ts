/** Gives a value of a graph another name wherever it is meant, also where bodies of control-flow nodes capture it. */
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensorAnnotation, OnnxValueInfo } from "../model.ts";

/** A value's name before and after. */
export interface Renaming {
  readonly from: string;
  readonly to: string;
}

/**
 * Renames a value inside a graph: where it is made and where it is used. Graph inputs and outputs keep their names: the caller
 * gives them a node that connects both. The new name must be free (see {@link freeName}).
 */
export function renameInside(graph: OnnxGraph, renaming: Renaming): OnnxGraph {
  const { from, to } = renaming;
  return {
    ...graph,
    node: graph.node.map((node) => renameInNode(node, renaming)),
    initializer: graph.initializer.map((tensor) => (tensor.name === from ? { ...tensor, name: to } : tensor)),
    sparseInitializer: graph.sparseInitializer.map((sparse) =>
      sparse.values?.name === from ? { ...sparse, values: { ...sparse.values, name: to } } : sparse,
    ),
    valueInfo: graph.valueInfo.map((value) => renameValueInfo(value, renaming)),
    quantizationAnnotation: graph.quantizationAnnotation.map((annotation) => renameAnnotation(annotation, renaming)),
  };
}

function renameInNode(node: OnnxNode, renaming: Renaming): OnnxNode {
  const { from, to } = renaming;
  const isTouched = node.input.includes(from) || node.output.includes(from) || node.attribute.some(hasGraph);
  if (!isTouched) return node;
  const replace = (name: string): string => (name === from ? to : name);
  return {
    ...node,
    input: node.input.map(replace),
    output: node.output.map(replace),
    attribute: node.attribute.map((attribute) => renameInAttribute(attribute, renaming)),
  };
}

function renameInAttribute(attribute: OnnxAttribute, renaming: Renaming): OnnxAttribute {
  if (!hasGraph(attribute)) return attribute;
  return {
    ...attribute,
    ...(attribute.g === undefined ? {} : { g: renameCaptured(attribute.g, renaming) }),
    graphs: attribute.graphs.map((graph) => renameCaptured(graph, renaming)),
  };
}

/** A body that defines the name itself means its own value. */
function renameCaptured(graph: OnnxGraph, renaming: Renaming): OnnxGraph {
  if (definesName(graph, renaming.from)) return graph;
  const renamed = renameInside(graph, renaming);
  return { ...renamed, output: graph.output.map((value) => renameValueInfo(value, renaming)) };
}

function definesName(graph: OnnxGraph, name: string): boolean {
  return (
    graph.input.some((value) => value.name === name) ||
    graph.initializer.some((tensor) => tensor.name === name) ||
    graph.sparseInitializer.some((sparse) => sparse.values?.name === name) ||
    graph.node.some((node) => node.output.includes(name))
  );
}

function renameValueInfo(value: OnnxValueInfo, { from, to }: Renaming): OnnxValueInfo {
  return value.name === from ? { ...value, name: to } : value;
}

function renameAnnotation(annotation: OnnxTensorAnnotation, { from, to }: Renaming): OnnxTensorAnnotation {
  return {
    ...annotation,
    ...(annotation.tensorName === from ? { tensorName: to } : {}),
    quantParameterTensorNames: annotation.quantParameterTensorNames.map((entry) =>
      entry.value === from ? { ...entry, value: to } : entry,
    ),
  };
}

function hasGraph(attribute: OnnxAttribute): boolean {
  return attribute.g !== undefined || attribute.graphs.length > 0;
}

/** A name that nothing in the graph or in its bodies uses: `wanted`, or `wanted` with a number behind it. */
export function freeName(graph: OnnxGraph, wanted: string): string {
  const taken = new Set<string>();
  collectNames(graph, taken);
  let name = wanted;
  for (let suffix = 2; taken.has(name); suffix++) name = `${wanted}_${suffix}`;
  return name;
}

function collectNames(graph: OnnxGraph, into: Set<string>): void {
  for (const value of [...graph.input, ...graph.output, ...graph.valueInfo]) into.add(value.name ?? "");
  for (const tensor of graph.initializer) into.add(tensor.name ?? "");
  for (const sparse of graph.sparseInitializer) into.add(sparse.values?.name ?? "");
  for (const node of graph.node) {
    into.add(node.name ?? "");
    for (const name of [...node.input, ...node.output]) into.add(name);
    for (const attribute of node.attribute) {
      for (const body of bodiesOf(attribute)) collectNames(body, into);
    }
  }
}

/** Graphs that an attribute holds. */
export function bodiesOf(attribute: OnnxAttribute): readonly OnnxGraph[] {
  return attribute.g === undefined ? attribute.graphs : [attribute.g, ...attribute.graphs];
}
