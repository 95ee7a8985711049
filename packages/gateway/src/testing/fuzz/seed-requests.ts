/** Good requests of both faces, independent of the protocol that carries them. */
import { gzipSync } from "node:zlib";
import { modelVersionRequest, repositoryModelRequest, writeMessage } from "@modelyard/codec";
import type { Dice } from "./dice.ts";
import { grpcSeedMessage, restSeedBody, seedInput } from "./seed-bodies.ts";

/** A request. */
export interface SeedRequest {
  readonly method: string;
  readonly path: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** What the body is, for mutations that know its grammar. A gRPC body is a row of messages, each behind its prefix of five bytes. */
  readonly bodyKind: "none" | "json" | "grpc";
}

const json = ["content-type", "application/json"] as const;
const service = "/inference.GRPCInferenceService/";
const readPaths: readonly string[] = [
  "/v2/health/live",
  "/v2/health/ready",
  "/v2",
  "/v2/models",
  "/v2/models/digits",
  "/v2/models/digits/versions/1",
  "/v2/models/digits/ready",
  "/v2/models/digits/config",
  "/v2/models/identity_bytes/stats",
  "/v2/models/stats",
  "/v1/models",
  "/v1/models/digits",
  "/ns/default/v2/models/digits",
  "/v2/systemsharedmemory/status",
  "/",
];

/** A request over REST. */
export function restSeed(dice: Dice): SeedRequest {
  const choice = dice.below(20);
  if (choice < 6) return read(dice.pick(readPaths), dice);
  if (choice === 6) return read("/openapi.json", dice);
  if (choice < 9) return repositorySeed(dice);
  if (choice === 9) return predictSeed(dice);
  return inferSeed(dice);
}

function read(path: string, dice: Dice): SeedRequest {
  const fields = dice.chance(0.2) ? [["accept-encoding", "gzip"] as const] : [];
  return { method: dice.pick(["GET", "GET", "GET", "HEAD", "OPTIONS"]), path, fields, body: Buffer.alloc(0), bodyKind: "none" };
}

function post(path: string, text: string): SeedRequest {
  return { method: "POST", path, fields: [json], body: Buffer.from(text), bodyKind: "json" };
}

function repositorySeed(dice: Dice): SeedRequest {
  if (dice.chance(0.8)) return post("/v2/repository/index", dice.pick(["", "{}", '{"ready":true}']));
  const verb = dice.pick(["load", "unload", "load"]);
  return post(`/v2/repository/models/spare/${verb}`, dice.pick(["", "{}", '{"parameters":{"unload_dependents":true}}']));
}

function predictSeed(dice: Dice): SeedRequest {
  const row = Array.from({ length: 3 }, () => dice.below(10));
  return post("/v1/models/identity_fp32:predict", JSON.stringify(dice.pick<object>([{ instances: row }, { inputs: { IN: row } }])));
}

function inferSeed(dice: Dice): SeedRequest {
  const input = seedInput(dice);
  const { bytes, jsonLength } = restSeedBody(input, dice);
  const fields = [
    jsonLength === undefined ? json : (["content-type", "application/octet-stream"] as const),
    ...(jsonLength === undefined ? [] : [["inference-header-content-length", String(jsonLength)] as const]),
  ];
  const path = `/v2/models/${input.model}${dice.pick(["", "", "/versions/1"])}/infer`;
  const plain: SeedRequest = { method: "POST", path, fields, body: bytes, bodyKind: "json" };
  if (!dice.chance(0.08)) return plain;
  return { ...plain, fields: [...fields, ["content-encoding", "gzip"]], body: gzipSync(bytes), bodyKind: "none" };
}

/** A call of gRPC. */
export function grpcSeed(dice: Dice): SeedRequest {
  const { path, messages } = grpcCall(dice);
  const isGzip = dice.chance(0.1);
  const fields = [
    ["content-type", dice.pick(["application/grpc", "application/grpc", "application/grpc+proto"])] as const,
    ["te", "trailers"] as const,
    ...(dice.chance(0.2) ? [["grpc-timeout", dice.pick(["10S", "5000m", "1H"])] as const] : []),
    ...(isGzip ? [["grpc-encoding", "gzip"] as const] : []),
    ...(dice.chance(0.2) ? [["grpc-accept-encoding", "gzip, deflate"] as const] : []),
  ];
  const body = Buffer.concat(messages.map((message) => framed(message, isGzip)));
  return { method: "POST", path, fields, body, bodyKind: isGzip ? "none" : "grpc" };
}

/** The same as a browser makes it. */
export function grpcWebSeed(dice: Dice): SeedRequest {
  const call = grpcSeed(dice);
  const isText = dice.chance(0.3);
  const type = `application/grpc-web${isText ? "-text" : ""}${dice.pick(["", "+proto"])}`;
  const fields = call.fields.map(([name, value]) => [name, name === "content-type" ? type : value] as const);
  if (!isText) return { ...call, fields };
  return { ...call, fields, body: Buffer.from(call.body.toString("base64")), bodyKind: "none" };
}

function grpcCall(dice: Dice): { readonly path: string; readonly messages: readonly Uint8Array[] } {
  const infer = (): Uint8Array => grpcSeedMessage(seedInput(dice), dice);
  const choice = dice.below(20);
  if (choice < 9) return { path: `${service}ModelInfer`, messages: [infer()] };
  if (choice < 13) return { path: `${service}ModelStreamInfer`, messages: Array.from({ length: dice.below(4) }, infer) };
  if (choice < 16) {
    const message = writeMessage(modelVersionRequest, { name: dice.pick(["digits", "identity_fp32", "absent"]), version: "" });
    return { path: service + dice.pick(["ModelReady", "ModelMetadata", "ModelConfig", "ModelStatistics"]), messages: [message] };
  }
  if (choice === 16) {
    const message = writeMessage(repositoryModelRequest, { repositoryName: "", modelName: "spare", parameters: [] });
    return { path: service + dice.pick(["RepositoryModelLoad", "RepositoryModelUnload"]), messages: [message] };
  }
  return { path: dice.pick(emptyCalls), messages: [new Uint8Array(0)] };
}

const emptyCalls: readonly string[] = [
  `${service}ServerLive`,
  `${service}ServerReady`,
  `${service}ServerMetadata`,
  `${service}RepositoryIndex`,
  `${service}TraceSetting`,
  `${service}SystemSharedMemoryStatus`,
  "/grpc.health.v1.Health/Check",
  "/grpc.health.v1.Health/Watch",
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
];

function framed(message: Uint8Array, isGzip: boolean): Buffer {
  const payload = isGzip ? gzipSync(message) : message;
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(isGzip ? 1 : 0);
  prefix.writeUInt32BE(payload.length, 1);
  return Buffer.concat([prefix, payload]);
}
