/** The calls of the protocol itself about the server and its models, but for inferences. */
import {
  modelMetadataResponse,
  modelVersionRequest,
  readMessage,
  readyResponse,
  serverLiveResponse,
  serverMetadataResponse,
  writeMessage,
} from "@modelyard/codec";
import { PlatformError } from "@modelyard/core";
import type { Mesh } from "@modelyard/mesh";
import type { InferenceRunner } from "../inference/inference-runner.ts";
import { isModelReady, modelMetadataOf } from "../inference/model-metadata.ts";
import type { ResolvedModel } from "../routing/model-reference.ts";
import { serverExtensions } from "../server-extensions.ts";
import type { UnaryCall, UnaryMethod } from "./unary-method.ts";

/** What {@link serverMethods} is given. */
export interface ServerMethodsDeps {
  readonly mesh: Mesh;
  readonly runner: InferenceRunner;
  readonly serverName: string;
  readonly serverVersion: string;
}

/** Health and metadata of the server and of models. */
export function serverMethods(deps: ServerMethodsDeps): readonly UnaryMethod[] {
  const { mesh, serverName: name, serverVersion: version } = deps;
  const metadata = writeMessage(serverMetadataResponse, { name, version, extensions: serverExtensions });
  return [
    { name: "ServerLive", kind: "live", answer: () => writeMessage(serverLiveResponse, { live: true }) },
    { name: "ServerReady", kind: "ready", answer: () => writeMessage(readyResponse, { ready: mesh.isReady }) },
    { name: "ServerMetadata", kind: "server", answer: () => metadata },
    { name: "ModelReady", kind: "modelReady", answer: (call) => writeMessage(readyResponse, { ready: isReady(mesh, call) }) },
    { name: "ModelMetadata", kind: "modelMetadata", answer: (call) => answerMetadata(deps, call) },
  ];
}

/** What is not there is not ready: an answer, as Triton gives it, and no failure. Over REST the status says it. */
function isReady(mesh: Mesh, call: UnaryCall): boolean {
  try {
    return isModelReady(mesh, resolve(call));
  } catch (error) {
    if (PlatformError.is(error) && error.code === "NOT_FOUND") return false;
    throw error;
  }
}

async function answerMetadata(deps: ServerMethodsDeps, call: UnaryCall): Promise<Uint8Array> {
  return writeMessage(modelMetadataResponse, await modelMetadataOf(deps, resolve(call), call.waiter));
}

function resolve(call: UnaryCall): ResolvedModel {
  const { name: model, version } = readMessage(modelVersionRequest, call.message);
  return call.resolve({ namespace: call.namespace, model, version });
}
