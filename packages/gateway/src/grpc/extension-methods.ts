/** The calls of the protocol's extensions over gRPC: each reads its message, asks the operation that both faces share, and writes the answer. */
import {
  cpuInstanceKind,
  emptyMessage,
  type InferenceParameters,
  type ModelConfig,
  modelConfigResponse,
  modelDataTypes,
  modelStatisticsResponse,
  modelVersionRequest,
  type RepositoryModelRequest,
  readMessage,
  repositoryIndexRequest,
  repositoryIndexResponse,
  repositoryModelRequest,
  writeMessage,
} from "@modelyard/codec";
import { failure } from "@modelyard/core";
import type { Mesh } from "@modelyard/mesh";
import type { InferenceRunner } from "../inference/inference-runner.ts";
import { loadModel, unloadModel } from "../operations/load-model.ts";
import { type ModelConfiguration, modelConfiguration, type TensorConfiguration } from "../operations/model-configuration.ts";
import { repositoryIndex } from "../operations/repository-index.ts";
import { statisticsReports } from "../operations/statistics-report.ts";
import { unsupportedExtensions } from "../unsupported-extensions.ts";
import type { UnaryCall, UnaryMethod } from "./unary-method.ts";

/** What {@link extensionMethods} is given. */
export interface ExtensionMethodsDeps {
  readonly mesh: Mesh;
  readonly runner: InferenceRunner;
}

/** The methods of the model repository, configuration and statistics, and those that are refused by name. */
export function extensionMethods(deps: ExtensionMethodsDeps): readonly UnaryMethod[] {
  return [
    { name: "ModelConfig", kind: "modelConfiguration", answer: (call) => answerConfiguration(deps, call) },
    { name: "ModelStatistics", kind: "modelStatistics", answer: (call) => answerStatistics(deps, call) },
    { name: "RepositoryIndex", kind: "repositoryIndex", answer: (call) => answerIndex(deps, call) },
    { name: "RepositoryModelLoad", kind: "repositoryLoad", answer: (call) => answerRepositoryCall(deps, call, loadModel) },
    { name: "RepositoryModelUnload", kind: "repositoryUnload", answer: (call) => answerRepositoryCall(deps, call, unloadModel) },
    ...unsupported.map(({ name, what }) => refused(name, what)),
  ];
}

/** What a laptop and a fleet have no use for, by the names of the calls. */
const unsupported: readonly { readonly name: string; readonly what: string }[] = [
  ...["SystemSharedMemoryStatus", "SystemSharedMemoryRegister", "SystemSharedMemoryUnregister"].map((name) => ({
    name,
    what: unsupportedExtensions.systemSharedMemory,
  })),
  ...["CudaSharedMemoryStatus", "CudaSharedMemoryRegister", "CudaSharedMemoryUnregister"].map((name) => ({
    name,
    what: unsupportedExtensions.cudaSharedMemory,
  })),
  { name: "TraceSetting", what: unsupportedExtensions.trace },
  { name: "LogSettings", what: unsupportedExtensions.logging },
];

function refused(name: string, what: string): UnaryMethod {
  return {
    name,
    kind: "unknown",
    answer() {
      throw failure("UNIMPLEMENTED", { what });
    },
  };
}

async function answerConfiguration(deps: ExtensionMethodsDeps, call: UnaryCall): Promise<Uint8Array> {
  const { name: model, version } = readMessage(modelVersionRequest, call.message);
  const resolved = call.resolve({ namespace: call.namespace, model, version });
  return writeMessage(modelConfigResponse, { config: configOf(await modelConfiguration(deps, resolved, call.waiter)) });
}

function configOf({ input, output, instanceGroup, ...rest }: ModelConfiguration): ModelConfig {
  return {
    ...rest,
    input: input.map(tensorOf),
    output: output.map(tensorOf),
    instanceGroup: instanceGroup.map(({ name, count }) => ({ name, count, kind: cpuInstanceKind })),
  };
}

function tensorOf({ dataType, ...rest }: TensorConfiguration): ModelConfig["input"][number] {
  return { ...rest, dataType: modelDataTypes[dataType] ?? 0 };
}

function answerStatistics({ mesh, runner }: ExtensionMethodsDeps, { message, namespace }: UnaryCall): Uint8Array {
  const { name: model, version } = readMessage(modelVersionRequest, message);
  const modelStats = statisticsReports({ mesh, statistics: runner.statistics }, { namespace, model, version });
  return writeMessage(modelStatisticsResponse, { modelStats });
}

function answerIndex({ mesh }: ExtensionMethodsDeps, { message, namespace }: UnaryCall): Uint8Array {
  const { ready } = readMessage(repositoryIndexRequest, message);
  return writeMessage(repositoryIndexResponse, { models: repositoryIndex(mesh, { namespace, onlyReady: ready }) });
}

async function answerRepositoryCall(
  deps: ExtensionMethodsDeps,
  { message, namespace, waiter }: UnaryCall,
  act: typeof loadModel,
): Promise<Uint8Array> {
  const request = readMessage(repositoryModelRequest, message);
  await act(deps, { reference: { namespace, model: request.modelName }, parameters: parametersOf(request), waiter });
  return writeMessage(emptyMessage, {});
}

function parametersOf({ parameters }: RepositoryModelRequest): InferenceParameters | undefined {
  if (parameters.length === 0) return undefined;
  // Without a prototype every key is an ordinary one.
  const byName: Record<string, unknown> = Object.create(null);
  for (const { key, value } of parameters) byName[key] = value?.boolParam ?? value?.int64Param ?? value?.stringParam ?? value?.bytesParam;
  return byName;
}
