/**
 * Messages of `inference.GRPCInferenceService` as field tables. Field numbers are those of the descriptors in PyPI's tritonclient
 * (a golden file holds them to it). The serving path reads and writes `ModelInfer` by hand, next to this file; the tables of its two
 * messages serve clients and are what the hand-written code is tested against.
 */
import { implicit, type MessageType, messageType, optional, type ProtoMessage, packed, repeated } from "../protobuf/message-type.ts";

/** `ServerLiveRequest`, `ServerReadyRequest` and `ServerMetadataRequest`. */
export type EmptyMessage = ProtoMessage;
export const emptyMessage: MessageType<EmptyMessage> = messageType<EmptyMessage>("Empty", {});

export interface ServerLiveResponse extends ProtoMessage {
  readonly live: boolean;
}
export const serverLiveResponse: MessageType<ServerLiveResponse> = messageType<ServerLiveResponse>("ServerLiveResponse", {
  live: implicit(1, "bool"),
});

export interface ReadyResponse extends ProtoMessage {
  readonly ready: boolean;
}
/** `ServerReadyResponse` and `ModelReadyResponse`. */
export const readyResponse: MessageType<ReadyResponse> = messageType<ReadyResponse>("ReadyResponse", { ready: implicit(1, "bool") });

export interface ModelVersionRequest extends ProtoMessage {
  readonly name: string;
  /** Empty: any version. */
  readonly version: string;
}
/** `ModelReadyRequest` and `ModelMetadataRequest`. */
export const modelVersionRequest: MessageType<ModelVersionRequest> = messageType<ModelVersionRequest>("ModelVersionRequest", {
  name: implicit(1, "string"),
  version: implicit(2, "string"),
});

export interface ServerMetadataResponse extends ProtoMessage {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}
export const serverMetadataResponse: MessageType<ServerMetadataResponse> = messageType<ServerMetadataResponse>("ServerMetadataResponse", {
  name: implicit(1, "string"),
  version: implicit(2, "string"),
  extensions: repeated(3, "string"),
});

export interface TensorMetadata extends ProtoMessage {
  readonly name: string;
  readonly datatype: string;
  /** -1 = any size. */
  readonly shape: readonly number[];
}
export const tensorMetadata: MessageType<TensorMetadata> = messageType<TensorMetadata>("TensorMetadata", {
  name: implicit(1, "string"),
  datatype: implicit(2, "string"),
  shape: packed(3, "safeInt64"),
});

export interface ModelMetadataResponse extends ProtoMessage {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}
export const modelMetadataResponse: MessageType<ModelMetadataResponse> = messageType<ModelMetadataResponse>("ModelMetadataResponse", {
  name: implicit(1, "string"),
  versions: repeated(2, "string"),
  platform: implicit(3, "string"),
  inputs: repeated(4, () => tensorMetadata),
  outputs: repeated(5, () => tensorMetadata),
});

/** A oneof: the last member that came counts; at most one is set when writing. */
export interface InferParameter extends ProtoMessage {
  readonly boolParam?: boolean;
  readonly int64Param?: bigint;
  readonly stringParam?: string;
  readonly doubleParam?: number;
  readonly uint64Param?: bigint;
}
export const inferParameter: MessageType<InferParameter> = messageType<InferParameter>("InferParameter", {
  boolParam: optional(1, "bool"),
  int64Param: optional(2, "int64"),
  stringParam: optional(3, "string"),
  doubleParam: optional(4, "double"),
  uint64Param: optional(5, "uint64"),
});

/** An entry of `map<string, InferParameter>`. */
export interface ParameterEntry extends ProtoMessage {
  readonly key: string;
  readonly value?: InferParameter;
}
export const parameterEntry: MessageType<ParameterEntry> = messageType<ParameterEntry>("ParametersEntry", {
  key: implicit(1, "string"),
  value: optional(2, () => inferParameter),
});

export interface InferTensorContents extends ProtoMessage {
  readonly boolContents: readonly boolean[];
  readonly intContents: readonly number[];
  readonly int64Contents: readonly bigint[];
  readonly uintContents: readonly number[];
  readonly uint64Contents: readonly bigint[];
  readonly fp32Contents: readonly number[];
  readonly fp64Contents: readonly number[];
  readonly bytesContents: readonly Uint8Array[];
}
export const inferTensorContents: MessageType<InferTensorContents> = messageType<InferTensorContents>("InferTensorContents", {
  boolContents: packed(1, "bool"),
  intContents: packed(2, "int32"),
  int64Contents: packed(3, "int64"),
  uintContents: packed(4, "uint32"),
  uint64Contents: packed(5, "uint64"),
  fp32Contents: packed(6, "float"),
  fp64Contents: packed(7, "double"),
  bytesContents: repeated(8, "bytes"),
});

/** `InferInputTensor` and `InferOutputTensor`. */
export interface InferTensor extends ProtoMessage {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly parameters: readonly ParameterEntry[];
  readonly contents?: InferTensorContents;
}
export const inferTensor: MessageType<InferTensor> = messageType<InferTensor>("InferTensor", {
  name: implicit(1, "string"),
  datatype: implicit(2, "string"),
  shape: packed(3, "safeInt64"),
  parameters: repeated(4, () => parameterEntry),
  contents: optional(5, () => inferTensorContents),
});

export interface InferRequestedOutputTensor extends ProtoMessage {
  readonly name: string;
  readonly parameters: readonly ParameterEntry[];
}
export const inferRequestedOutputTensor: MessageType<InferRequestedOutputTensor> = messageType<InferRequestedOutputTensor>(
  "InferRequestedOutputTensor",
  { name: implicit(1, "string"), parameters: repeated(2, () => parameterEntry) },
);

export interface ModelInferRequest extends ProtoMessage {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  readonly parameters: readonly ParameterEntry[];
  readonly inputs: readonly InferTensor[];
  readonly outputs: readonly InferRequestedOutputTensor[];
  readonly rawInputContents: readonly Uint8Array[];
}
export const modelInferRequest: MessageType<ModelInferRequest> = messageType<ModelInferRequest>("ModelInferRequest", {
  modelName: implicit(1, "string"),
  modelVersion: implicit(2, "string"),
  id: implicit(3, "string"),
  parameters: repeated(4, () => parameterEntry),
  inputs: repeated(5, () => inferTensor),
  outputs: repeated(6, () => inferRequestedOutputTensor),
  rawInputContents: repeated(7, "bytes"),
});

export interface ModelInferResponse extends ProtoMessage {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  readonly parameters: readonly ParameterEntry[];
  readonly outputs: readonly InferTensor[];
  readonly rawOutputContents: readonly Uint8Array[];
}
export const modelInferResponse: MessageType<ModelInferResponse> = messageType<ModelInferResponse>("ModelInferResponse", {
  modelName: implicit(1, "string"),
  modelVersion: implicit(2, "string"),
  id: implicit(3, "string"),
  parameters: repeated(4, () => parameterEntry),
  outputs: repeated(5, () => inferTensor),
  rawOutputContents: repeated(6, "bytes"),
});
