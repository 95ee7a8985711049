/**
 * Field tables of onnx.proto, IR version 14 (github.com/onnx/onnx, onnx/onnx.proto). The compiler holds each table equal to its interface in
 * `model.ts`. Numeric lists are packed exactly where onnx.proto packs them, so that files come out as their writers made them.
 */
import { type MessageType, messageType, optional, packed, repeated } from "@modelyard/codec";
import type {
  OnnxAttribute,
  OnnxDeviceConfiguration,
  OnnxDimension,
  OnnxElementType,
  OnnxEntry,
  OnnxFunction,
  OnnxGraph,
  OnnxMapType,
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

const entryType: MessageType<OnnxEntry> = messageType("StringStringEntryProto", {
  key: optional(1, "string"),
  value: optional(2, "string"),
});

const opsetType: MessageType<OnnxOpset> = messageType("OperatorSetIdProto", {
  domain: optional(1, "string"),
  version: optional(2, "int64"),
});

const dimensionType: MessageType<OnnxDimension> = messageType("TensorShapeProto.Dimension", {
  dimValue: optional(1, "int64"),
  dimParam: optional(2, "string"),
  denotation: optional(3, "string"),
});

const shapeType: MessageType<OnnxShape> = messageType("TensorShapeProto", { dim: repeated(1, () => dimensionType) });

const tensorTypeType: MessageType<OnnxTensorType> = messageType("TypeProto.Tensor", {
  elemType: optional(1, "int32"),
  shape: optional(2, () => shapeType),
});

const elementTypeType: MessageType<OnnxElementType> = messageType("TypeProto.Sequence", { elemType: optional(1, () => typeType) });

const mapTypeType: MessageType<OnnxMapType> = messageType("TypeProto.Map", {
  keyType: optional(1, "int32"),
  valueType: optional(2, () => typeType),
});

const opaqueTypeType: MessageType<OnnxOpaqueType> = messageType("TypeProto.Opaque", {
  domain: optional(1, "string"),
  name: optional(2, "string"),
});

const typeType: MessageType<OnnxType> = messageType("TypeProto", {
  tensorType: optional(1, () => tensorTypeType),
  sequenceType: optional(4, () => elementTypeType),
  mapType: optional(5, () => mapTypeType),
  denotation: optional(6, "string"),
  opaqueType: optional(7, () => opaqueTypeType),
  sparseTensorType: optional(8, () => tensorTypeType),
  optionalType: optional(9, () => elementTypeType),
});

const valueInfoType: MessageType<OnnxValueInfo> = messageType("ValueInfoProto", {
  name: optional(1, "string"),
  type: optional(2, () => typeType),
  docString: optional(3, "string"),
  metadataProps: repeated(4, () => entryType),
});

const segmentType: MessageType<OnnxSegment> = messageType("TensorProto.Segment", {
  begin: optional(1, "int64"),
  end: optional(2, "int64"),
});

const tensorType: MessageType<OnnxTensor> = messageType("TensorProto", {
  dims: repeated(1, "int64"),
  dataType: optional(2, "int32"),
  segment: optional(3, () => segmentType),
  floatData: packed(4, "float"),
  int32Data: packed(5, "int32"),
  stringData: repeated(6, "bytes"),
  int64Data: packed(7, "int64"),
  name: optional(8, "string"),
  rawData: optional(9, "bytes"),
  doubleData: packed(10, "double"),
  uint64Data: packed(11, "uint64"),
  docString: optional(12, "string"),
  externalData: repeated(13, () => entryType),
  dataLocation: optional(14, "enum"),
  metadataProps: repeated(16, () => entryType),
});

const sparseTensorType: MessageType<OnnxSparseTensor> = messageType("SparseTensorProto", {
  values: optional(1, () => tensorType),
  indices: optional(2, () => tensorType),
  dims: repeated(3, "int64"),
});

const attributeType: MessageType<OnnxAttribute> = messageType("AttributeProto", {
  name: optional(1, "string"),
  f: optional(2, "float"),
  i: optional(3, "int64"),
  s: optional(4, "bytes"),
  t: optional(5, () => tensorType),
  g: optional(6, () => graphType),
  floats: repeated(7, "float"),
  ints: repeated(8, "int64"),
  strings: repeated(9, "bytes"),
  tensors: repeated(10, () => tensorType),
  graphs: repeated(11, () => graphType),
  docString: optional(13, "string"),
  tp: optional(14, () => typeType),
  typeProtos: repeated(15, () => typeType),
  type: optional(20, "enum"),
  refAttrName: optional(21, "string"),
  sparseTensor: optional(22, () => sparseTensorType),
  sparseTensors: repeated(23, () => sparseTensorType),
});

const nodeType: MessageType<OnnxNode> = messageType("NodeProto", {
  input: repeated(1, "string"),
  output: repeated(2, "string"),
  name: optional(3, "string"),
  opType: optional(4, "string"),
  attribute: repeated(5, () => attributeType),
  docString: optional(6, "string"),
  domain: optional(7, "string"),
  overload: optional(8, "string"),
  metadataProps: repeated(9, () => entryType),
});

const annotationType: MessageType<OnnxTensorAnnotation> = messageType("TensorAnnotation", {
  tensorName: optional(1, "string"),
  quantParameterTensorNames: repeated(2, () => entryType),
});

const graphType: MessageType<OnnxGraph> = messageType("GraphProto", {
  node: repeated(1, () => nodeType),
  name: optional(2, "string"),
  initializer: repeated(5, () => tensorType),
  docString: optional(10, "string"),
  input: repeated(11, () => valueInfoType),
  output: repeated(12, () => valueInfoType),
  valueInfo: repeated(13, () => valueInfoType),
  quantizationAnnotation: repeated(14, () => annotationType),
  sparseInitializer: repeated(15, () => sparseTensorType),
  metadataProps: repeated(16, () => entryType),
});

const trainingInfoType: MessageType<OnnxTrainingInfo> = messageType("TrainingInfoProto", {
  initialization: optional(1, () => graphType),
  algorithm: optional(2, () => graphType),
  initializationBinding: repeated(3, () => entryType),
  updateBinding: repeated(4, () => entryType),
});

const functionType: MessageType<OnnxFunction> = messageType("FunctionProto", {
  name: optional(1, "string"),
  input: repeated(4, "string"),
  output: repeated(5, "string"),
  attribute: repeated(6, "string"),
  node: repeated(7, () => nodeType),
  docString: optional(8, "string"),
  opsetImport: repeated(9, () => opsetType),
  domain: optional(10, "string"),
  attributeProto: repeated(11, () => attributeType),
  valueInfo: repeated(12, () => valueInfoType),
  overload: optional(13, "string"),
  metadataProps: repeated(14, () => entryType),
});

const deviceConfigurationType: MessageType<OnnxDeviceConfiguration> = messageType("DeviceConfigurationProto", {
  name: optional(1, "string"),
  numDevices: optional(2, "int32"),
  device: repeated(3, "string"),
});

/** `ModelProto`. */
export const modelType: MessageType<OnnxModel> = messageType("ModelProto", {
  irVersion: optional(1, "int64"),
  producerName: optional(2, "string"),
  producerVersion: optional(3, "string"),
  domain: optional(4, "string"),
  modelVersion: optional(5, "int64"),
  docString: optional(6, "string"),
  graph: optional(7, () => graphType),
  opsetImport: repeated(8, () => opsetType),
  metadataProps: repeated(14, () => entryType),
  trainingInfo: repeated(20, () => trainingInfoType),
  functions: repeated(25, () => functionType),
  configuration: repeated(26, () => deviceConfigurationType),
});
