/**
 * Every address of the REST side that is answered, by what it asks for. The router takes its methods from here, the OpenAPI document
 * everything; each path is also served under `/ns/{namespace}`, but for those about the server itself.
 */
import type { RestAddress } from "../routing/rest-address.ts";

/** What an address asks for. */
export type EndpointKind = Exclude<RestAddress["kind"], "unsupported">;

/** An address. */
export interface Endpoint {
  readonly method: "GET" | "POST";
  /** OpenAPI path templates, the shortest first. */
  readonly paths: readonly string[];
  /** One line, as a title. */
  readonly summary: string;
  /** Whether it belongs to a namespace. */
  readonly isScoped: boolean;
  /** Names of schemas in the OpenAPI document. */
  readonly request?: SchemaName;
  readonly answer: SchemaName;
}

/** Schemas of bodies; see `openapi-schemas.ts`. */
export type SchemaName =
  | "Alive"
  | "Live"
  | "Ready"
  | "ServerMetadata"
  | "OpenApiDocument"
  | "ModelList"
  | "ModelMetadata"
  | "ModelReady"
  | "ModelConfiguration"
  | "ModelStatistics"
  | "InferenceRequest"
  | "InferenceAnswer"
  | "RepositoryIndexRequest"
  | "RepositoryIndex"
  | "RepositoryRequest"
  | "Empty"
  | "PredictRequest"
  | "PredictAnswer";

const model = "/v2/models/{model}";
const modelVersion = "/v2/models/{model}/versions/{version}";
const v1Model = "/v1/models/{model}";
const v1ModelVersion = "/v1/models/{model}/versions/{version}";

/** The table. */
export const endpoints: Readonly<Record<EndpointKind, Endpoint>> = {
  alive: { method: "GET", paths: ["/"], summary: "Whether the server answers", isScoped: false, answer: "Alive" },
  live: { method: "GET", paths: ["/v2/health/live"], summary: "Whether the server is alive", isScoped: false, answer: "Live" },
  ready: {
    method: "GET",
    paths: ["/v2/health/ready"],
    summary: "Whether the server is ready for requests",
    isScoped: false,
    answer: "Ready",
  },
  server: {
    method: "GET",
    paths: ["/v2"],
    summary: "Name, version and extensions of the server",
    isScoped: false,
    answer: "ServerMetadata",
  },
  openapi: { method: "GET", paths: ["/openapi.json"], summary: "This document", isScoped: false, answer: "OpenApiDocument" },
  models: { method: "GET", paths: ["/v2/models"], summary: "Names of the models", isScoped: true, answer: "ModelList" },
  modelMetadata: {
    method: "GET",
    paths: [model, modelVersion],
    summary: "Inputs and outputs of a model",
    isScoped: true,
    answer: "ModelMetadata",
  },
  modelReady: {
    method: "GET",
    paths: [`${model}/ready`, `${modelVersion}/ready`],
    summary: "Whether a model is ready for inferences",
    isScoped: true,
    answer: "ModelReady",
  },
  modelConfiguration: {
    method: "GET",
    paths: [`${model}/config`, `${modelVersion}/config`],
    summary: "Configuration of a model",
    isScoped: true,
    answer: "ModelConfiguration",
  },
  modelStatistics: {
    method: "GET",
    paths: ["/v2/models/stats", `${model}/stats`, `${modelVersion}/stats`],
    summary: "Counts and times of the inferences of models",
    isScoped: true,
    answer: "ModelStatistics",
  },
  infer: {
    method: "POST",
    paths: [`${model}/infer`, `${modelVersion}/infer`],
    summary: "Runs a model",
    isScoped: true,
    request: "InferenceRequest",
    answer: "InferenceAnswer",
  },
  repositoryIndex: {
    method: "POST",
    paths: ["/v2/repository/index"],
    summary: "Models of the repository and their states",
    isScoped: true,
    request: "RepositoryIndexRequest",
    answer: "RepositoryIndex",
  },
  repositoryLoad: {
    method: "POST",
    paths: ["/v2/repository/models/{model}/load"],
    summary: "Loads a model",
    isScoped: true,
    request: "RepositoryRequest",
    answer: "Empty",
  },
  repositoryUnload: {
    method: "POST",
    paths: ["/v2/repository/models/{model}/unload"],
    summary: "Unloads a model until it is loaded again",
    isScoped: true,
    request: "RepositoryRequest",
    answer: "Empty",
  },
  v1Models: { method: "GET", paths: ["/v1/models"], summary: "Names of the models", isScoped: true, answer: "ModelList" },
  v1ModelReady: {
    method: "GET",
    paths: [v1Model, v1ModelVersion],
    summary: "Whether a model is ready for predictions",
    isScoped: true,
    answer: "ModelReady",
  },
  v1Predict: {
    method: "POST",
    paths: [`${v1Model}:predict`, `${v1ModelVersion}:predict`],
    summary: "Runs a model on instances, or on inputs by column",
    isScoped: true,
    request: "PredictRequest",
    answer: "PredictAnswer",
  },
};
