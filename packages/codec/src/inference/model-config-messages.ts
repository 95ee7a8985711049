/** The part of `inference.ModelConfig` that a model here has values for, as field tables. Numbers are those of `inference.proto` beside the gateway. */
import { implicit, type MessageType, messageType, optional, type ProtoMessage, packed, repeated } from "../protobuf/message-type.ts";

/** Numbers of the enum `DataType`. */
export const modelDataTypes: Readonly<Record<string, number>> = {
  TYPE_INVALID: 0,
  TYPE_BOOL: 1,
  TYPE_UINT8: 2,
  TYPE_UINT16: 3,
  TYPE_UINT32: 4,
  TYPE_UINT64: 5,
  TYPE_INT8: 6,
  TYPE_INT16: 7,
  TYPE_INT32: 8,
  TYPE_INT64: 9,
  TYPE_FP16: 10,
  TYPE_FP32: 11,
  TYPE_FP64: 12,
  TYPE_STRING: 13,
  TYPE_BF16: 14,
};

/** `KIND_CPU` of the enum `ModelInstanceGroup.Kind`. */
export const cpuInstanceKind = 2;

export interface ModelVersions extends ProtoMessage {
  readonly versions: readonly number[];
}
const modelVersions: MessageType<ModelVersions> = messageType<ModelVersions>("Specific", { versions: packed(1, "safeInt64") });

export interface ModelVersionPolicy extends ProtoMessage {
  readonly specific?: ModelVersions;
}
const modelVersionPolicy: MessageType<ModelVersionPolicy> = messageType<ModelVersionPolicy>("ModelVersionPolicy", {
  specific: optional(3, () => modelVersions),
});

export interface ModelTensorReshape extends ProtoMessage {
  readonly shape: readonly number[];
}
const modelTensorReshape: MessageType<ModelTensorReshape> = messageType<ModelTensorReshape>("ModelTensorReshape", {
  shape: packed(1, "safeInt64"),
});

export interface ModelTensor extends ProtoMessage {
  readonly name: string;
  /** A number of {@link modelDataTypes}. */
  readonly dataType: number;
  readonly dims: readonly number[];
  readonly reshape?: ModelTensorReshape;
}
const modelInput: MessageType<ModelTensor> = messageType<ModelTensor>("ModelInput", {
  name: implicit(1, "string"),
  dataType: implicit(2, "int32"),
  dims: packed(4, "safeInt64"),
  reshape: optional(5, () => modelTensorReshape),
});
const modelOutput: MessageType<ModelTensor> = messageType<ModelTensor>("ModelOutput", {
  name: implicit(1, "string"),
  dataType: implicit(2, "int32"),
  dims: packed(3, "safeInt64"),
  reshape: optional(5, () => modelTensorReshape),
});

export interface ModelInstanceGroup extends ProtoMessage {
  readonly name: string;
  readonly count: number;
  readonly kind: number;
}
const modelInstanceGroup: MessageType<ModelInstanceGroup> = messageType<ModelInstanceGroup>("ModelInstanceGroup", {
  name: implicit(1, "string"),
  count: implicit(2, "int32"),
  kind: implicit(4, "int32"),
});

export interface ModelTransactionPolicy extends ProtoMessage {
  readonly decoupled: boolean;
}
const modelTransactionPolicy: MessageType<ModelTransactionPolicy> = messageType<ModelTransactionPolicy>("ModelTransactionPolicy", {
  decoupled: implicit(1, "bool"),
});

export interface ModelConfig extends ProtoMessage {
  readonly name: string;
  readonly platform: string;
  readonly versionPolicy?: ModelVersionPolicy;
  readonly maxBatchSize: number;
  readonly input: readonly ModelTensor[];
  readonly output: readonly ModelTensor[];
  readonly instanceGroup: readonly ModelInstanceGroup[];
  readonly backend: string;
  readonly modelTransactionPolicy?: ModelTransactionPolicy;
}
const modelConfig: MessageType<ModelConfig> = messageType<ModelConfig>("ModelConfig", {
  name: implicit(1, "string"),
  platform: implicit(2, "string"),
  versionPolicy: optional(3, () => modelVersionPolicy),
  maxBatchSize: implicit(4, "int32"),
  input: repeated(5, () => modelInput),
  output: repeated(6, () => modelOutput),
  instanceGroup: repeated(7, () => modelInstanceGroup),
  backend: implicit(17, "string"),
  modelTransactionPolicy: optional(19, () => modelTransactionPolicy),
});

export interface ModelConfigResponse extends ProtoMessage {
  readonly config?: ModelConfig;
}
export const modelConfigResponse: MessageType<ModelConfigResponse> = messageType<ModelConfigResponse>("ModelConfigResponse", {
  config: optional(1, () => modelConfig),
});
