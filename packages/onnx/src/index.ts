/**
 * ONNX files: read, check, edit and write `ModelProto`, lossless for every valid file, and prepare a graph for ONNX Runtime.
 * Nothing here runs a model.
 */
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
export { type PreparedGraph, type PreparedTensor, prepareGraph } from "./prepare/prepare-graph.ts";
export { type GraphSignature, type GraphValue, graphSignature, type OtherValue, type TensorValue } from "./signature.ts";
