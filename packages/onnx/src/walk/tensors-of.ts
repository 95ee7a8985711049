/** Every constant tensor of a model, wherever it lies, with its path. */
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxSparseTensor, OnnxTensor } from "../model.ts";

/** A tensor and where it stands, for example `graph.node[3].attribute[0].t`. */
export interface TensorPlace {
  readonly tensor: OnnxTensor;
  readonly path: string;
}

/** Walks initializers, attributes, bodies, functions and training graphs. */
export function* tensorsOf(model: OnnxModel): Generator<TensorPlace> {
  if (model.graph) yield* ofGraph(model.graph, "graph");
  for (const [index, one] of model.functions.entries()) {
    yield* ofNodes(one.node, `functions[${index}]`);
    yield* ofAttributes(one.attributeProto, `functions[${index}].attributeProto`);
  }
  for (const [index, info] of model.trainingInfo.entries()) {
    if (info.initialization) yield* ofGraph(info.initialization, `trainingInfo[${index}].initialization`);
    if (info.algorithm) yield* ofGraph(info.algorithm, `trainingInfo[${index}].algorithm`);
  }
}

function* ofGraph(graph: OnnxGraph, path: string): Generator<TensorPlace> {
  for (const [index, tensor] of graph.initializer.entries()) yield { tensor, path: `${path}.initializer[${index}]` };
  for (const [index, sparse] of graph.sparseInitializer.entries()) yield* ofSparse(sparse, `${path}.sparseInitializer[${index}]`);
  yield* ofNodes(graph.node, path);
}

function* ofNodes(nodes: readonly OnnxNode[], path: string): Generator<TensorPlace> {
  for (const [index, node] of nodes.entries()) yield* ofAttributes(node.attribute, `${path}.node[${index}].attribute`);
}

function* ofAttributes(attributes: readonly OnnxAttribute[], path: string): Generator<TensorPlace> {
  for (const [index, attribute] of attributes.entries()) yield* ofAttribute(attribute, `${path}[${index}]`);
}

function* ofAttribute(attribute: OnnxAttribute, path: string): Generator<TensorPlace> {
  if (attribute.t) yield { tensor: attribute.t, path: `${path}.t` };
  for (const [index, tensor] of attribute.tensors.entries()) yield { tensor, path: `${path}.tensors[${index}]` };
  if (attribute.sparseTensor) yield* ofSparse(attribute.sparseTensor, `${path}.sparseTensor`);
  for (const [index, sparse] of attribute.sparseTensors.entries()) yield* ofSparse(sparse, `${path}.sparseTensors[${index}]`);
  if (attribute.g) yield* ofGraph(attribute.g, `${path}.g`);
  for (const [index, graph] of attribute.graphs.entries()) yield* ofGraph(graph, `${path}.graphs[${index}]`);
}

function* ofSparse(sparse: OnnxSparseTensor, path: string): Generator<TensorPlace> {
  if (sparse.values) yield { tensor: sparse.values, path: `${path}.values` };
  if (sparse.indices) yield { tensor: sparse.indices, path: `${path}.indices` };
}
