/**
 * ONNX files: read, check, edit and write `ModelProto`, lossless for every valid file, and prepare a graph for ONNX Runtime.
 * Nothing here runs a model.
 */
export { type RowIndependence, rowIndependence } from "./batch/row-independence.ts";
export {
  buildGraph,
  buildModel,
  type Dimension,
  type GraphOptions,
  type ModelOptions,
  tensorTypeOf,
  tensorValue,
  valueOfType,
} from "./build/build-model.ts";
export { type AttributeValue, attributeOf, buildNode, type NodeOptions } from "./build/build-node.ts";
export { buildTensor, type TensorOptions } from "./build/build-tensor.ts";
export { type CheckOptions, checkModel } from "./check/check-model.ts";
export type { ExternalFiles } from "./check/check-tensor.ts";
export { cloneWithWeight, type WeightChange } from "./edit/clone-with-weight.ts";
export { addNodes, editGraph, opsetVersion, replaceInitializer, setInputs, setMetadata, setOutputs } from "./edit/edit-graph.ts";
export { freeName, type Renaming, renameInside } from "./edit/rename-value.ts";
export { type ElementType, elementCodeOf, elementTypeOf } from "./element-type.ts";
export { type ExternalData, externalDataOf, externalLocations, isExternal, isInsideTree } from "./external-data.ts";
export { type Finding, type FindingKind, hasErrors } from "./finding.ts";
export type {
  OnnxAttribute,
  OnnxDeviceConfiguration,
  OnnxDimension,
  OnnxElementType,
  OnnxEntry,
  OnnxFunction,
  OnnxGraph,
  OnnxMapType,
  OnnxMessage,
  OnnxModel,
  OnnxNode,
  OnnxOpaqueType,
  OnnxOpset,
  OnnxSegment,
  OnnxShape,
  OnnxSparseTensor,
  OnnxTensor,
  OnnxTensorAnnotation,
  OnnxTensorType,
  OnnxTrainingInfo,
  OnnxType,
  OnnxValueInfo,
} from "./model.ts";
export { parseModel, writeModel } from "./parse-model.ts";
export type { ClassLabels } from "./prepare/maps-to-tensors.ts";
export { type PreparedGraph, type PreparedTensor, prepareGraph } from "./prepare/prepare-graph.ts";
export { withoutDerived } from "./prepare/without-derived.ts";
export { type GraphSignature, type GraphValue, graphSignature, type OtherValue, type TensorValue, typeName } from "./signature.ts";
