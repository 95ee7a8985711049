/** Schemas of the OpenAPI document. Members a client may leave alone are not listed: objects stay open, as the protocol's are. */
import type { SchemaName } from "./endpoints.ts";

/** A JSON schema (draft 2020-12, the dialect of OpenAPI 3.1). */
export type JsonSchema = Readonly<Record<string, unknown>>;

const text: JsonSchema = { type: "string" };
const flag: JsonSchema = { type: "boolean" };
const whole: JsonSchema = { type: "integer", minimum: 0 };
const parameters: JsonSchema = { type: "object", additionalProperties: true };
const shape = listOf({ type: "integer", minimum: -1 });
const anything: JsonSchema = {};

function listOf(items: JsonSchema): JsonSchema {
  return { type: "array", items };
}

/** An object with members that are always there, and some that may be. */
function object(required: Readonly<Record<string, JsonSchema>>, optional: Readonly<Record<string, JsonSchema>> = {}): JsonSchema {
  return { type: "object", required: Object.keys(required), properties: { ...required, ...optional } };
}

const tensorMetadata = object({ name: text, datatype: text, shape });
const tensor = object({ name: text, datatype: text, shape: listOf(whole) }, { parameters, data: listOf(anything) });
const duration = object({ count: whole, ns: whole });
const stages = { compute_input: duration, compute_infer: duration, compute_output: duration };
const tensorConfiguration = object({ name: text, data_type: text, dims: shape });

/** By name. */
export const schemas: Readonly<Record<SchemaName | "Error", JsonSchema>> = {
  Error: object({ error: text, code: text, reason: text, retryable: flag, hint: text }, { details: parameters }),
  Alive: object({ status: { const: "alive" } }),
  Live: object({ live: flag }),
  Ready: object({ ready: flag }),
  ServerMetadata: object({ name: text, version: text, extensions: listOf(text) }),
  OpenApiDocument: { type: "object" },
  ModelList: object({ models: listOf(text) }),
  ModelMetadata: object({
    name: text,
    versions: listOf(text),
    platform: text,
    inputs: listOf(tensorMetadata),
    outputs: listOf(tensorMetadata),
  }),
  ModelReady: object({ name: text, ready: flag }),
  ModelConfiguration: object({
    name: text,
    platform: text,
    backend: text,
    max_batch_size: whole,
    input: listOf(tensorConfiguration),
    output: listOf(tensorConfiguration),
  }),
  ModelStatistics: object({
    model_stats: listOf(
      object({
        name: text,
        version: text,
        last_inference: whole,
        inference_count: whole,
        execution_count: whole,
        inference_stats: object({
          success: duration,
          fail: duration,
          queue: duration,
          ...stages,
          cache_hit: duration,
          cache_miss: duration,
        }),
        batch_stats: listOf(object({ batch_size: whole, ...stages })),
      }),
    ),
  }),
  InferenceRequest: object({ inputs: listOf(tensor) }, { id: text, parameters, outputs: listOf(object({ name: text }, { parameters })) }),
  InferenceAnswer: object({ model_name: text, model_version: text, outputs: listOf(tensor) }, { id: text }),
  RepositoryIndexRequest: object({}, { ready: flag }),
  RepositoryIndex: listOf(object({ name: text, version: text, state: { enum: ["READY", "UNAVAILABLE", "LOADING"] }, reason: text })),
  RepositoryRequest: object({}, { parameters }),
  Empty: { type: "object" },
  PredictRequest: object({}, { signature_name: text, instances: listOf(anything), inputs: anything }),
  PredictAnswer: object({}, { predictions: listOf(anything), outputs: anything }),
};
