/** Checks of the extensions over gRPC: repository, configuration, statistics, and what a server may leave out. */
import { status } from "@grpc/grpc-js";
import type { Check, Outcome, Subject } from "./check.ts";
import {
  callLimitMs,
  type GrpcAnswer,
  type GrpcRow,
  type GrpcWanted,
  grpcCheck,
  isServiceError,
  saysUnsupported,
} from "./grpc-exchange.ts";
import { imageBytes } from "./infer-requests.ts";

type Row = Omit<GrpcRow, "section">;

const repositoryExtension = "model_repository";

/** How calls for an unloaded model may end. */
const refusals = ["UNAVAILABLE", "NOT_FOUND"];

const absent = (): GrpcAnswer => ({ name: "absent" });
const named = ({ model: name }: Subject): GrpcAnswer => ({ name });
const notFound: GrpcWanted = { code: status.NOT_FOUND };

const repository: readonly Row[] = [
  { id: "index", method: "RepositoryIndex", expected: "names and states", request: () => ({}), wanted: { holds: hasStates } },
  {
    id: "index-ready",
    method: "RepositoryIndex",
    expected: "those that are ready",
    request: () => ({ ready: true }),
    wanted: { holds: (answer, { model }) => entriesOf(answer).some(({ name }) => name === model) && areReady(answer) },
  },
  { id: "load", method: "RepositoryModelLoad", expected: "OK", request: ({ model }) => ({ model_name: model }) },
  { id: "load-absent", method: "RepositoryModelLoad", expected: "NOT_FOUND", request: () => ({ model_name: "absent" }), wanted: notFound },
  {
    id: "load-unnamed",
    method: "RepositoryModelLoad",
    expected: "a refusal",
    request: () => ({}),
    wanted: { code: [status.NOT_FOUND, status.INVALID_ARGUMENT] },
  },
  {
    id: "unload-absent",
    method: "RepositoryModelUnload",
    expected: "NOT_FOUND",
    request: () => ({ model_name: "absent" }),
    wanted: notFound,
  },
  {
    id: "load-config",
    method: "RepositoryModelLoad",
    expected: "the configuration is taken, or UNIMPLEMENTED",
    request: ({ model }) => ({ model_name: model, parameters: { config: { string_param: "{}" } } }),
    wanted: { code: [status.OK, status.UNIMPLEMENTED] },
  },
  {
    id: "load-file",
    method: "RepositoryModelLoad",
    expected: "UNIMPLEMENTED, or a refusal: the file is empty",
    request: ({ model }) => ({ model_name: model, parameters: { "file:1/model.onnx": { bytes_param: Buffer.alloc(0) } } }),
    wanted: { code: [status.UNIMPLEMENTED, status.INVALID_ARGUMENT] },
  },
];

const configuration: readonly Row[] = [
  { id: "config", method: "ModelConfig", expected: "the tensors in Triton's words", request: named, wanted: { holds: hasConfiguration } },
  {
    id: "config-version",
    method: "ModelConfig",
    expected: "the same",
    request: (subject) => ({ ...named(subject), version: "1" }),
    wanted: { holds: hasConfiguration },
  },
  { id: "config-absent", method: "ModelConfig", expected: "NOT_FOUND", request: absent, wanted: notFound },
];

const statistics: readonly Row[] = [
  { id: "stats", method: "ModelStatistics", expected: "counts and times", request: named, wanted: { holds: hasStatistics } },
  { id: "stats-all", method: "ModelStatistics", expected: "a list", request: () => ({}), wanted: { holds: hasStatistics } },
  { id: "stats-absent", method: "ModelStatistics", expected: "NOT_FOUND", request: absent, wanted: notFound },
  {
    id: "stats-version-absent",
    method: "ModelStatistics",
    expected: "NOT_FOUND",
    request: (subject) => ({ ...named(subject), version: "77" }),
    wanted: notFound,
  },
];

const leftOut: readonly Row[] = [
  { id: "trace", method: "TraceSetting" },
  { id: "logging", method: "LogSettings" },
  { id: "system-memory-status", method: "SystemSharedMemoryStatus" },
  { id: "cuda-memory-status", method: "CudaSharedMemoryStatus" },
  { id: "system-memory-unregister", method: "SystemSharedMemoryUnregister" },
  { id: "cuda-memory-unregister", method: "CudaSharedMemoryUnregister" },
].map((row) => ({
  ...row,
  expected: "an answer, or UNIMPLEMENTED",
  request: () => ({}),
  wanted: { code: [status.OK, status.UNIMPLEMENTED] },
}));

const refused: readonly Row[] = [
  ...["System", "Cuda"].map((kind) => ({
    id: `${kind.toLowerCase()}-memory-register`,
    method: `${kind}SharedMemoryRegister`,
    expected: "a refusal: there is no such memory",
    request: () => ({ name: "region" }),
    wanted: { code: [status.UNIMPLEMENTED, status.INVALID_ARGUMENT] },
  })),
  {
    id: "sequence",
    ours: "a server without an extension may ignore its parameters",
    method: "ModelInfer",
    expected: "never ignored: UNIMPLEMENTED or INVALID_ARGUMENT",
    request: inferring({ sequence_id: { int64_param: "7" }, sequence_start: { bool_param: true } }),
    wanted: { code: [status.UNIMPLEMENTED, status.INVALID_ARGUMENT] },
  },
];

const schedule: readonly Row[] = [
  {
    id: "timeout-negative",
    method: "ModelInfer",
    expected: "INVALID_ARGUMENT: no whole number of microseconds",
    ours: "the protocol does not say what a server does with a timeout that is none",
    request: inferring({ timeout: { int64_param: "-1" } }),
    wanted: { code: status.INVALID_ARGUMENT },
  },
  { id: "timeout", method: "ModelInfer", expected: "an answer in time", request: inferring({ timeout: { int64_param: "10000000" } }) },
  { id: "priority", method: "ModelInfer", expected: "an answer", request: inferring({ priority: { uint64_param: "1" } }) },
];

/** Every check of the extensions. */
export const grpcExtensionChecks: readonly Check[] = [
  ...checksOf({ section: "repository", extension: repositoryExtension }, repository),
  unloadAndLoad(),
  ...checksOf({ section: "statistics and configuration", extension: "model_configuration" }, configuration),
  ...checksOf({ section: "statistics and configuration", extension: "statistics" }, statistics),
  countsGrow(),
  ...checksOf({ section: "left out" }, [...leftOut, ...refused]),
  ...checksOf({ section: "schedule policy", extension: "schedule_policy" }, schedule),
];

function checksOf(common: Pick<GrpcRow, "section" | "extension">, rows: readonly Row[]): readonly Check[] {
  return rows.map((row) => grpcCheck({ ...common, ...row }));
}

function inferring(parameters: object): (subject: Subject) => GrpcAnswer {
  const input = { name: "Input3", datatype: "FP32", shape: [1, 1, 28, 28] };
  return ({ model }) => ({ model_name: model, parameters, inputs: [input], raw_input_contents: [Buffer.alloc(imageBytes)] });
}

/** In one check, as its steps depend on each other and the model has to be back for the rest. */
function unloadAndLoad(): Check {
  const run = async (subject: Subject): Promise<Outcome> => {
    const named = { model_name: subject.model };
    const infer = (): Promise<string> => codeOf(subject, "ModelInfer", inferring({})(subject));
    const unloaded = await codeOf(subject, "RepositoryModelUnload", named);
    if (unloaded === "UNIMPLEMENTED") return { actual: unloaded, isRight: false, isUnsupported: true };
    const ready = await readyOf(subject);
    const refusal = await infer();
    const loaded = await codeOf(subject, "RepositoryModelLoad", named);
    const seen = [unloaded, ready, refusal, loaded, await infer()];
    const isHeld = ["false", ...refusals].includes(ready) && refusals.includes(refusal);
    return { actual: seen.join(", "), isRight: isHeld && [unloaded, loaded, seen[4]].join() === "OK,OK,OK" };
  };
  const expected = "unload OK, then not ready, and UNAVAILABLE or NOT_FOUND; load OK, then answered";
  const extension = repositoryExtension;
  return { id: "grpc-unload-and-load", section: "repository", protocol: "gRPC", isWrong: false, expected, extension, run };
}

async function readyOf({ grpc, model }: Subject): Promise<string> {
  try {
    return String((await grpc.call("ModelReady", { name: model }, { deadlineMs: callLimitMs }))["ready"]);
  } catch (error) {
    if (!isServiceError(error)) throw error;
    return status[error.code] ?? String(error.code);
  }
}

function countsGrow(): Check {
  const run = async (subject: Subject): Promise<Outcome> => {
    const counts: number[] = [];
    for (const _ of [1, 2]) {
      const statistics = await subject.grpc.call("ModelStatistics", named(subject), { deadlineMs: callLimitMs });
      counts.push(entriesOf(statistics, "model_stats").reduce((sum, one) => sum + Number(one["inference_count"]), 0));
      await subject.grpc.call("ModelInfer", inferring({})(subject), { deadlineMs: callLimitMs });
    }
    return { actual: counts.join(", then "), isRight: counts[1] === Number(counts[0]) + 1 };
  };
  return {
    id: "grpc-stats-grow",
    section: "statistics and configuration",
    protocol: "gRPC",
    isWrong: false,
    expected: "one inference more",
    extension: "statistics",
    run: orUnsupported(run),
  };
}

/** A server that lacks a call says so by its status. */
function orUnsupported(run: Check["run"]): Check["run"] {
  return async (subject) => {
    try {
      return await run(subject);
    } catch (error) {
      if (!isServiceError(error) || !saysUnsupported(error)) throw error;
      return { actual: error.message, isRight: false, isUnsupported: true };
    }
  };
}

async function codeOf({ grpc }: Subject, method: string, request: GrpcAnswer): Promise<string> {
  try {
    await grpc.call(method, request, { deadlineMs: callLimitMs });
    return "OK";
  } catch (error) {
    if (!isServiceError(error)) throw error;
    return status[error.code] ?? String(error.code);
  }
}

function entriesOf(answer: GrpcAnswer, name = "models"): readonly GrpcAnswer[] {
  return (answer[name] ?? []) as readonly GrpcAnswer[];
}

function hasStates(answer: GrpcAnswer, { model }: Subject): boolean {
  return entriesOf(answer).some(({ name, state }) => name === model && state === "READY");
}

function areReady(answer: GrpcAnswer): boolean {
  return entriesOf(answer).every(({ state }) => state === "READY");
}

function hasConfiguration(answer: GrpcAnswer): boolean {
  const config = (answer["config"] ?? {}) as GrpcAnswer;
  const [input] = entriesOf(config, "input");
  return input?.["name"] === "Input3" && input["data_type"] === "TYPE_FP32" && String(input["dims"]).endsWith("28,28");
}

function hasStatistics(answer: GrpcAnswer): boolean {
  const [first] = entriesOf(answer, "model_stats");
  const stats = (first?.["inference_stats"] ?? {}) as GrpcAnswer;
  return ["success", "fail", "queue", "compute_input", "compute_infer", "compute_output"].every(
    (part) => stats[part] !== null && part in stats,
  );
}
