/** Datatypes of the inference protocols, tensors as bytes and JSON, protobuf messages. Nothing is copied that need not be. */
export { type Datatype, datatypes, elementSizeBytes, type FixedDatatype, isDatatype } from "./datatype.ts";
export {
  bf16BytesToFloats,
  bf16ToNumber,
  floatsToBf16Bytes,
  floatsToFp16Bytes,
  fp16BytesToFloats,
  fp16ToNumber,
  numberToBf16,
  numberToFp16,
} from "./half-float.ts";
export {
  type InferBatchStatistics,
  type InferStatistics,
  type ModelIndex,
  type ModelRepositoryParameter,
  type ModelStatistics,
  type ModelStatisticsResponse,
  type ModelStreamInferResponse,
  modelStatisticsResponse,
  modelStreamInferResponse,
  type RepositoryIndexRequest,
  type RepositoryIndexResponse,
  type RepositoryModelRequest,
  type RepositoryParameterEntry,
  repositoryIndexRequest,
  repositoryIndexResponse,
  repositoryModelRequest,
  type StatisticDuration,
} from "./inference/extension-messages.ts";
export { GrpcInferForm } from "./inference/grpc-infer-form.ts";
export { type GrpcInferenceRequest, readGrpcInferRequest } from "./inference/grpc-infer-request.ts";
export { type WriteGrpcInferResponseOptions, writeGrpcInferResponse } from "./inference/grpc-infer-response.ts";
export { type WriteGrpcStreamResponseOptions, writeGrpcStreamError, writeGrpcStreamResponse } from "./inference/grpc-stream-response.ts";
export {
  checkDatatype,
  type InferenceInput,
  type InferenceParameters,
  type InferenceRequest,
  type InferenceResponse,
  type InputContents,
  maxTensors,
  type RequestedOutput,
  tensorOfInput,
} from "./inference/inference-message.ts";
export {
  cpuInstanceKind,
  type ModelConfig,
  type ModelConfigResponse,
  type ModelInstanceGroup,
  type ModelTensor,
  type ModelTensorReshape,
  type ModelTransactionPolicy,
  type ModelVersionPolicy,
  type ModelVersions,
  modelConfigResponse,
  modelDataTypes,
} from "./inference/model-config-messages.ts";
export {
  type EmptyMessage,
  emptyMessage,
  type InferParameter,
  type InferRequestedOutputTensor,
  type InferTensor,
  type InferTensorContents,
  inferParameter,
  inferRequestedOutputTensor,
  inferTensor,
  inferTensorContents,
  type ModelInferRequest,
  type ModelInferResponse,
  type ModelMetadataResponse,
  type ModelVersionRequest,
  modelInferRequest,
  modelInferResponse,
  modelMetadataResponse,
  modelVersionRequest,
  type ParameterEntry,
  parameterEntry,
  type ReadyResponse,
  readyResponse,
  type ServerLiveResponse,
  type ServerMetadataResponse,
  serverLiveResponse,
  serverMetadataResponse,
  type TensorMetadata,
  tensorMetadata,
} from "./inference/protocol-messages.ts";
export { RestInferForm } from "./inference/rest-infer-form.ts";
export { type RestInferenceRequest, type RestRequestedOutput, readRestInferRequest } from "./inference/rest-infer-request.ts";
export { type RestInferenceBody, writeRestInferResponse } from "./inference/rest-infer-response.ts";
export { readV1PredictRequest, type V1Form, type V1Input, type V1PredictRequest } from "./inference/v1-predict-request.ts";
export { writeV1PredictResponse } from "./inference/v1-predict-response.ts";
export { type JsonText, parseJsonText } from "./json-text.ts";
export {
  type CompiledField,
  type Field,
  type FieldsOf,
  implicit,
  type MessageType,
  messageType,
  optional,
  type Presence,
  type ProtoMessage,
  packed,
  repeated,
} from "./protobuf/message-type.ts";
export { maxMessageDepth, ProtoReader, wireDelimited, wireFixed32, wireFixed64, wireVarint } from "./protobuf/proto-reader.ts";
export {
  ProtoWriter,
  sizeOfDelimited,
  sizeOfInt32,
  sizeOfInt64,
  sizeOfSafeInt64,
  sizeOfUint32,
} from "./protobuf/proto-writer.ts";
export { type ReadMessageOptions, readMessage } from "./protobuf/read-message.ts";
export type { ScalarCodec, ScalarType, ScalarValues } from "./protobuf/scalar.ts";
export { type WriteMessageOptions, writeMessage } from "./protobuf/write-message.ts";
export { checkShape, elementCountOf, formatShape, maxRank } from "./shape.ts";
export type { BytesTensor, FixedTensor, Tensor } from "./tensor.ts";
export { bytesOfTensor, type TensorHeader, tensorFromBytes, tensorSizeBytes, writeTensorBytes } from "./tensor-bytes.ts";
export { arrayOf, type JsonData, type NumberArray, tensorFromJson, tensorToJson } from "./tensor-json.ts";
