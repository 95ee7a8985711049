/**
 * ONNX models as data: the messages of onnx.proto (IR version 14) in camelCase, deeply readonly. An edit makes a new object and shares the rest.
 *
 * Invariants:
 * - presence is kept: a single field that the file does not carry is `undefined`, never a default; a list is empty;
 * - 64-bit numbers are `bigint`, so that no value is rounded;
 * - `rawData`, `stringData` and the bytes of attributes are views into the parsed file;
 * - what this version does not know stays in `unknownFields` and is written back.
 */

import type { ProtoMessage } from "@modelyard/codec";

/** Every message may carry fields that this version does not know. */
export type OnnxMessage = ProtoMessage;

/** `ModelProto`: a file. */
export interface OnnxModel extends OnnxMessage {
  readonly irVersion?: bigint;
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly domain?: string;
  readonly modelVersion?: bigint;
  readonly docString?: string;
  readonly graph?: OnnxGraph;
  readonly opsetImport: readonly OnnxOpset[];
  readonly metadataProps: readonly OnnxEntry[];
  readonly trainingInfo: readonly OnnxTrainingInfo[];
  readonly functions: readonly OnnxFunction[];
  readonly configuration: readonly OnnxDeviceConfiguration[];
}

/** `GraphProto`: the main graph, or the body of an `If`, `Loop`, `Scan`. */
export interface OnnxGraph extends OnnxMessage {
  readonly node: readonly OnnxNode[];
  readonly name?: string;
  readonly initializer: readonly OnnxTensor[];
  readonly docString?: string;
  readonly input: readonly OnnxValueInfo[];
  readonly output: readonly OnnxValueInfo[];
  readonly valueInfo: readonly OnnxValueInfo[];
  readonly quantizationAnnotation: readonly OnnxTensorAnnotation[];
  readonly sparseInitializer: readonly OnnxSparseTensor[];
  readonly metadataProps: readonly OnnxEntry[];
}

/** `NodeProto`: one operation. An empty name in `input` or `output` is an optional one left out. */
export interface OnnxNode extends OnnxMessage {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name?: string;
  readonly opType?: string;
  readonly attribute: readonly OnnxAttribute[];
  readonly docString?: string;
  readonly domain?: string;
  readonly overload?: string;
  readonly metadataProps: readonly OnnxEntry[];
}

/** `AttributeProto`: a constant of a node; `type` says which field holds it. */
export interface OnnxAttribute extends OnnxMessage {
  readonly name?: string;
  readonly f?: number;
  readonly i?: bigint;
  readonly s?: Uint8Array;
  readonly t?: OnnxTensor;
  readonly g?: OnnxGraph;
  readonly floats: readonly number[];
  readonly ints: readonly bigint[];
  readonly strings: readonly Uint8Array[];
  readonly tensors: readonly OnnxTensor[];
  readonly graphs: readonly OnnxGraph[];
  readonly docString?: string;
  readonly tp?: OnnxType;
  readonly typeProtos: readonly OnnxType[];
  /** A value of `AttributeType`: FLOAT = 1, INT = 2, STRING = 3, TENSOR = 4, GRAPH = 5, FLOATS = 6, INTS = 7, STRINGS = 8, … */
  readonly type?: number;
  readonly refAttrName?: string;
  readonly sparseTensor?: OnnxSparseTensor;
  readonly sparseTensors: readonly OnnxSparseTensor[];
}

/** `TensorProto`: constant values, in one of its data fields, in `rawData`, or in another file. */
export interface OnnxTensor extends OnnxMessage {
  readonly dims: readonly bigint[];
  /** A value of `TensorProto.DataType`: see `elementTypes`. */
  readonly dataType?: number;
  readonly segment?: OnnxSegment;
  readonly floatData: readonly number[];
  readonly int32Data: readonly number[];
  readonly stringData: readonly Uint8Array[];
  readonly int64Data: readonly bigint[];
  readonly name?: string;
  /** Elements little-endian, row-major. */
  readonly rawData?: Uint8Array;
  readonly doubleData: readonly number[];
  readonly uint64Data: readonly bigint[];
  readonly docString?: string;
  /** Keys `location`, `offset`, `length`, `checksum`. */
  readonly externalData: readonly OnnxEntry[];
  /** 0 = in this message, 1 = in the file that `externalData` names. */
  readonly dataLocation?: number;
  readonly metadataProps: readonly OnnxEntry[];
}

/** `TensorProto.Segment`. */
export interface OnnxSegment extends OnnxMessage {
  readonly begin?: bigint;
  readonly end?: bigint;
}

/** `SparseTensorProto`. */
export interface OnnxSparseTensor extends OnnxMessage {
  readonly values?: OnnxTensor;
  readonly indices?: OnnxTensor;
  readonly dims: readonly bigint[];
}

/** `ValueInfoProto`: a named value and its type. */
export interface OnnxValueInfo extends OnnxMessage {
  readonly name?: string;
  readonly type?: OnnxType;
  readonly docString?: string;
  readonly metadataProps: readonly OnnxEntry[];
}

/** `TypeProto`: exactly one of the type fields is set. */
export interface OnnxType extends OnnxMessage {
  readonly tensorType?: OnnxTensorType;
  readonly sequenceType?: OnnxElementType;
  readonly mapType?: OnnxMapType;
  readonly denotation?: string;
  readonly opaqueType?: OnnxOpaqueType;
  readonly sparseTensorType?: OnnxTensorType;
  readonly optionalType?: OnnxElementType;
}

/** `TypeProto.Tensor` and `TypeProto.SparseTensor`. */
export interface OnnxTensorType extends OnnxMessage {
  readonly elemType?: number;
  /** Absent = any rank. */
  readonly shape?: OnnxShape;
}

/** `TypeProto.Sequence` and `TypeProto.Optional`. */
export interface OnnxElementType extends OnnxMessage {
  readonly elemType?: OnnxType;
}

/** `TypeProto.Map`. */
export interface OnnxMapType extends OnnxMessage {
  readonly keyType?: number;
  readonly valueType?: OnnxType;
}

/** `TypeProto.Opaque`. */
export interface OnnxOpaqueType extends OnnxMessage {
  readonly domain?: string;
  readonly name?: string;
}

/** `TensorShapeProto`. */
export interface OnnxShape extends OnnxMessage {
  readonly dim: readonly OnnxDimension[];
}

/** `TensorShapeProto.Dimension`: a number, a name, or neither (any size). */
export interface OnnxDimension extends OnnxMessage {
  readonly dimValue?: bigint;
  readonly dimParam?: string;
  readonly denotation?: string;
}

/** `OperatorSetIdProto`: the domain "" is that of the standard operators. */
export interface OnnxOpset extends OnnxMessage {
  readonly domain?: string;
  readonly version?: bigint;
}

/** `StringStringEntryProto`. */
export interface OnnxEntry extends OnnxMessage {
  readonly key?: string;
  readonly value?: string;
}

/** `TensorAnnotation`. */
export interface OnnxTensorAnnotation extends OnnxMessage {
  readonly tensorName?: string;
  readonly quantParameterTensorNames: readonly OnnxEntry[];
}

/** `TrainingInfoProto`. */
export interface OnnxTrainingInfo extends OnnxMessage {
  readonly initialization?: OnnxGraph;
  readonly algorithm?: OnnxGraph;
  readonly initializationBinding: readonly OnnxEntry[];
  readonly updateBinding: readonly OnnxEntry[];
}

/** `FunctionProto`: an operator that the model itself defines. */
export interface OnnxFunction extends OnnxMessage {
  readonly name?: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly string[];
  readonly node: readonly OnnxNode[];
  readonly docString?: string;
  readonly opsetImport: readonly OnnxOpset[];
  readonly domain?: string;
  readonly attributeProto: readonly OnnxAttribute[];
  readonly valueInfo: readonly OnnxValueInfo[];
  readonly overload?: string;
  readonly metadataProps: readonly OnnxEntry[];
}

/** `DeviceConfigurationProto`. */
export interface OnnxDeviceConfiguration extends OnnxMessage {
  readonly name?: string;
  readonly numDevices?: number;
  readonly device: readonly string[];
}
