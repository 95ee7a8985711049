/**
 * Messages of the protocol's extensions as field tables: streams, model repository, statistics. Numbers are those of `inference.proto` beside
 * the gateway. Counts and nanoseconds are `uint64` there; they stay below 2^53 and are written as whole numbers.
 */
import { implicit, type MessageType, messageType, optional, type ProtoMessage, repeated } from "../protobuf/message-type.ts";
import { type ModelInferResponse, modelInferResponse } from "./protocol-messages.ts";

export interface ModelStreamInferResponse extends ProtoMessage {
  /** Empty: no error. */
  readonly errorMessage: string;
  readonly inferResponse?: ModelInferResponse;
}
export const modelStreamInferResponse: MessageType<ModelStreamInferResponse> = messageType<ModelStreamInferResponse>(
  "ModelStreamInferResponse",
  { errorMessage: implicit(1, "string"), inferResponse: optional(2, () => modelInferResponse) },
);

export interface RepositoryIndexRequest extends ProtoMessage {
  readonly repositoryName: string;
  /** Only what is ready. */
  readonly ready: boolean;
}
export const repositoryIndexRequest: MessageType<RepositoryIndexRequest> = messageType<RepositoryIndexRequest>("RepositoryIndexRequest", {
  repositoryName: implicit(1, "string"),
  ready: implicit(2, "bool"),
});

export interface ModelIndex extends ProtoMessage {
  readonly name: string;
  readonly version: string;
  readonly state: string;
  readonly reason: string;
}
const modelIndex: MessageType<ModelIndex> = messageType<ModelIndex>("ModelIndex", {
  name: implicit(1, "string"),
  version: implicit(2, "string"),
  state: implicit(3, "string"),
  reason: implicit(4, "string"),
});

export interface RepositoryIndexResponse extends ProtoMessage {
  readonly models: readonly ModelIndex[];
}
export const repositoryIndexResponse: MessageType<RepositoryIndexResponse> = messageType<RepositoryIndexResponse>(
  "RepositoryIndexResponse",
  { models: repeated(1, () => modelIndex) },
);

/** A oneof. */
export interface ModelRepositoryParameter extends ProtoMessage {
  readonly boolParam?: boolean;
  readonly int64Param?: bigint;
  readonly stringParam?: string;
  readonly bytesParam?: Uint8Array;
}
const modelRepositoryParameter: MessageType<ModelRepositoryParameter> = messageType<ModelRepositoryParameter>("ModelRepositoryParameter", {
  boolParam: optional(1, "bool"),
  int64Param: optional(2, "int64"),
  stringParam: optional(3, "string"),
  bytesParam: optional(4, "bytes"),
});

/** An entry of `map<string, ModelRepositoryParameter>`. */
export interface RepositoryParameterEntry extends ProtoMessage {
  readonly key: string;
  readonly value?: ModelRepositoryParameter;
}
const repositoryParameterEntry: MessageType<RepositoryParameterEntry> = messageType<RepositoryParameterEntry>("ParametersEntry", {
  key: implicit(1, "string"),
  value: optional(2, () => modelRepositoryParameter),
});

/** `RepositoryModelLoadRequest` and `RepositoryModelUnloadRequest`. */
export interface RepositoryModelRequest extends ProtoMessage {
  readonly repositoryName: string;
  readonly modelName: string;
  readonly parameters: readonly RepositoryParameterEntry[];
}
export const repositoryModelRequest: MessageType<RepositoryModelRequest> = messageType<RepositoryModelRequest>("RepositoryModelRequest", {
  repositoryName: implicit(1, "string"),
  modelName: implicit(2, "string"),
  parameters: repeated(3, () => repositoryParameterEntry),
});

export interface StatisticDuration extends ProtoMessage {
  readonly count: number;
  readonly ns: number;
}
const statisticDuration: MessageType<StatisticDuration> = messageType<StatisticDuration>("StatisticDuration", {
  count: implicit(1, "safeInt64"),
  ns: implicit(2, "safeInt64"),
});

export interface InferStatistics extends ProtoMessage {
  readonly success?: StatisticDuration;
  readonly fail?: StatisticDuration;
  readonly queue?: StatisticDuration;
  readonly computeInput?: StatisticDuration;
  readonly computeInfer?: StatisticDuration;
  readonly computeOutput?: StatisticDuration;
  readonly cacheHit?: StatisticDuration;
  readonly cacheMiss?: StatisticDuration;
}
const inferStatistics: MessageType<InferStatistics> = messageType<InferStatistics>("InferStatistics", {
  success: optional(1, () => statisticDuration),
  fail: optional(2, () => statisticDuration),
  queue: optional(3, () => statisticDuration),
  computeInput: optional(4, () => statisticDuration),
  computeInfer: optional(5, () => statisticDuration),
  computeOutput: optional(6, () => statisticDuration),
  cacheHit: optional(7, () => statisticDuration),
  cacheMiss: optional(8, () => statisticDuration),
});

export interface InferBatchStatistics extends ProtoMessage {
  readonly batchSize: number;
  readonly computeInput?: StatisticDuration;
  readonly computeInfer?: StatisticDuration;
  readonly computeOutput?: StatisticDuration;
}
const inferBatchStatistics: MessageType<InferBatchStatistics> = messageType<InferBatchStatistics>("InferBatchStatistics", {
  batchSize: implicit(1, "safeInt64"),
  computeInput: optional(2, () => statisticDuration),
  computeInfer: optional(3, () => statisticDuration),
  computeOutput: optional(4, () => statisticDuration),
});

export interface ModelStatistics extends ProtoMessage {
  readonly name: string;
  readonly version: string;
  /** ms since 1970; 0: none yet. */
  readonly lastInference: number;
  readonly inferenceCount: number;
  readonly executionCount: number;
  readonly inferenceStats?: InferStatistics;
  readonly batchStats: readonly InferBatchStatistics[];
}
const modelStatistics: MessageType<ModelStatistics> = messageType<ModelStatistics>("ModelStatistics", {
  name: implicit(1, "string"),
  version: implicit(2, "string"),
  lastInference: implicit(3, "safeInt64"),
  inferenceCount: implicit(4, "safeInt64"),
  executionCount: implicit(5, "safeInt64"),
  inferenceStats: optional(6, () => inferStatistics),
  batchStats: repeated(7, () => inferBatchStatistics),
});

export interface ModelStatisticsResponse extends ProtoMessage {
  readonly modelStats: readonly ModelStatistics[];
}
export const modelStatisticsResponse: MessageType<ModelStatisticsResponse> = messageType<ModelStatisticsResponse>(
  "ModelStatisticsResponse",
  { modelStats: repeated(1, () => modelStatistics) },
);
