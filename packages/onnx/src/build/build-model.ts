/** Writes models in code: what tests, scripts and converters use instead of a foreign library. */
import type { Datatype } from "@modelyard/codec";
import { elementCodeOf } from "../element-type.ts";
import type { OnnxFunction, OnnxGraph, OnnxModel, OnnxNode, OnnxOpset, OnnxShape, OnnxTensor, OnnxType, OnnxValueInfo } from "../model.ts";

/** What a graph is made of. */
export interface GraphOptions {
  /** Default "graph". */
  readonly name?: string;
  /** In an order in which every value is made before it is used. */
  readonly nodes: readonly OnnxNode[];
  /** Default none, as the branches of an `If` have it. */
  readonly inputs?: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  /** Default none. */
  readonly initializers?: readonly OnnxTensor[];
}

/** What a model is made of. */
export interface ModelOptions extends GraphOptions {
  /** Version of the standard operators, default 21; or versions by domain ("" = standard). */
  readonly opset?: number | Readonly<Record<string, number>>;
  /** Default 10. */
  readonly irVersion?: number;
  readonly functions?: readonly OnnxFunction[];
  readonly metadata?: Readonly<Record<string, string>>;
  /** Default "modelyard". */
  readonly producerName?: string;
}

/** A size, a name for a size that varies, or -1 for one without a name. */
export type Dimension = number | string;

/** Makes a model. */
export function buildModel(options: ModelOptions): OnnxModel {
  return {
    irVersion: BigInt(options.irVersion ?? 10),
    producerName: options.producerName ?? "modelyard",
    graph: buildGraph(options),
    opsetImport: opsets(options.opset ?? 21),
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
    trainingInfo: [],
    functions: options.functions ?? [],
    configuration: [],
  };
}

/** Makes a graph: the main one, or the body of a control-flow node. */
export function buildGraph({ name = "graph", nodes, inputs = [], outputs, initializers = [] }: GraphOptions): OnnxGraph {
  return {
    node: nodes,
    name,
    initializer: initializers,
    input: inputs,
    output: outputs,
    valueInfo: [],
    quantizationAnnotation: [],
    sparseInitializer: [],
    metadataProps: [],
  };
}

/** A named tensor value; without a shape its rank is open. */
export function tensorValue(name: string, type: Datatype | number, shape?: readonly Dimension[]): OnnxValueInfo {
  return valueOfType(name, tensorTypeOf(type, shape));
}

/** A named value of any type. */
export function valueOfType(name: string, type: OnnxType): OnnxValueInfo {
  return { name, type, metadataProps: [] };
}

/** The type of a tensor: a datatype of the protocol or a code of `TensorProto.DataType`; without a shape its rank is open. */
export function tensorTypeOf(type: Datatype | number, shape?: readonly Dimension[]): OnnxType {
  const elemType = typeof type === "number" ? type : elementCodeOf(type);
  return { tensorType: shape === undefined ? { elemType } : { elemType, shape: shapeOf(shape) } };
}

function shapeOf(shape: readonly Dimension[]): OnnxShape {
  return {
    dim: shape.map((size) => {
      if (typeof size === "string") return { dimParam: size };
      return size < 0 ? {} : { dimValue: BigInt(size) };
    }),
  };
}

function opsets(opset: number | Readonly<Record<string, number>>): readonly OnnxOpset[] {
  if (typeof opset === "number") return [{ domain: "", version: BigInt(opset) }];
  return Object.entries(opset).map(([domain, version]) => ({ domain, version: BigInt(version) }));
}
