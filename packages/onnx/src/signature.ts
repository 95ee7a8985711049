/** What a graph takes and gives, in the words of the inference protocol. */
import type { Datatype } from "@modelyard/codec";
import { elementTypeOf } from "./element-type.ts";
import type { Finding } from "./finding.ts";
import type { OnnxGraph, OnnxModel, OnnxShape, OnnxType, OnnxValueInfo } from "./model.ts";

/** A graph input or output that is a tensor of a datatype the protocol knows. */
export interface TensorValue {
  readonly kind: "tensor";
  readonly name: string;
  readonly datatype: Datatype;
  /** -1 = any size. `undefined`: the file does not even say the rank. */
  readonly shape: readonly number[] | undefined;
}

/** A graph input or output that the protocol has no form for: a sequence, map, optional or sparse tensor, or a tensor of another element type. */
export interface OtherValue {
  readonly kind: "other";
  readonly name: string;
  /** Its type, for example `seq(map(int64,tensor(float)))`; "unknown" when the file does not say. */
  readonly type: string;
}

/** One input or output of a graph. */
export type GraphValue = TensorValue | OtherValue;

/** Inputs that a caller must give (those with a default, that is an initializer of the same name, are left out) and outputs, in file order. */
export interface GraphSignature {
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  /** One error `TYPE_UNSUPPORTED` or `TYPE_MISSING` per value that is not a tensor of the protocol. */
  readonly findings: readonly Finding[];
}

/** Describes the inputs and outputs of a model's graph; a model without a graph has none. */
export function graphSignature(model: OnnxModel): GraphSignature {
  const { graph } = model;
  if (graph === undefined) return { inputs: [], outputs: [], findings: [] };
  const required = requiredInputs(graph);
  return {
    inputs: required.map(({ value }) => graphValue(value)),
    outputs: graph.output.map((value) => graphValue(value)),
    findings: [
      ...required.flatMap(({ value, index }) => typeFindings(value, `graph.input[${index}]`)),
      ...graph.output.flatMap((value, index) => typeFindings(value, `graph.output[${index}]`)),
    ],
  };
}

/** Inputs without a default, with their place in the file. */
export function requiredInputs(graph: OnnxGraph): readonly { readonly value: OnnxValueInfo; readonly index: number }[] {
  const defaults = new Set([
    ...graph.initializer.map((tensor) => tensor.name),
    ...graph.sparseInitializer.map((sparse) => sparse.values?.name),
  ]);
  return graph.input.flatMap((value, index) => (defaults.has(value.name) ? [] : [{ value, index }]));
}

/** Describes one value. */
function graphValue(value: OnnxValueInfo): GraphValue {
  const name = value.name ?? "";
  const tensor = value.type?.tensorType;
  const datatype = elementTypeOf(tensor?.elemType)?.datatype;
  if (tensor === undefined || datatype === undefined) return { kind: "other", name, type: typeName(value.type) };
  return { kind: "tensor", name, datatype, shape: sizes(tensor.shape) };
}

/** A type as ONNX writes it, for example `seq(tensor(float))`. */
export function typeName(type: OnnxType | undefined): string {
  if (type?.tensorType) return `tensor(${elementName(type.tensorType.elemType)})`;
  if (type?.sequenceType) return `seq(${typeName(type.sequenceType.elemType)})`;
  if (type?.mapType) return `map(${elementName(type.mapType.keyType)},${typeName(type.mapType.valueType)})`;
  if (type?.optionalType) return `optional(${typeName(type.optionalType.elemType)})`;
  if (type?.sparseTensorType) return `sparse_tensor(${elementName(type.sparseTensorType.elemType)})`;
  if (type?.opaqueType) return `opaque(${type.opaqueType.domain ?? ""},${type.opaqueType.name ?? ""})`;
  return "unknown";
}

function elementName(code: number | undefined): string {
  return elementTypeOf(code)?.name ?? `element type ${code ?? 0}`;
}

function sizes(shape: OnnxShape | undefined): readonly number[] | undefined {
  return shape?.dim.map(({ dimValue }) => (dimValue === undefined || dimValue < 0n ? -1 : Number(dimValue)));
}

function typeFindings(value: OnnxValueInfo, path: string): readonly Finding[] {
  const described = graphValue(value);
  if (described.kind === "tensor") return [];
  const isMissing = described.type === "unknown";
  const message = isMissing
    ? `"${described.name}" has no type; a tensor type was expected`
    : `"${described.name}" is a ${described.type}; the inference protocol carries tensors of its own datatypes only`;
  return [{ kind: isMissing ? "TYPE_MISSING" : "TYPE_UNSUPPORTED", severity: "error", path, message }];
}
