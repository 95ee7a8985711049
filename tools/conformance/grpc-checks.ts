/** Checks of the gRPC side. */
import { status } from "@grpc/grpc-js";
import type { Check } from "./check.ts";
import { type GrpcAnswer, grpcCheck } from "./grpc-exchange.ts";

interface Row {
  readonly id: string;
  readonly section: string;
  readonly method: string;
  readonly expected: string;
  readonly request: (model: string) => GrpcAnswer;
  /** Code wanted; default OK. */
  readonly code?: status;
  readonly holds?: (answer: GrpcAnswer) => boolean;
}

const raw = (bytes: number): readonly Buffer[] => [Buffer.alloc(bytes)];
const zeros = Array.from({ length: 784 }, () => 0);
const image = { name: "Input3", datatype: "FP32", shape: [1, 1, 28, 28] };
const typed = { ...image, contents: { fp32_contents: zeros } };
const invalid = status.INVALID_ARGUMENT;

const rows: readonly Row[] = [
  {
    id: "live",
    section: "health",
    method: "ServerLive",
    expected: "live",
    request: () => ({}),
    holds: (answer) => answer["live"] === true,
  },
  {
    id: "ready",
    section: "health",
    method: "ServerReady",
    expected: "ready",
    request: () => ({}),
    holds: (answer) => answer["ready"] === true,
  },
  {
    id: "server-metadata",
    section: "metadata",
    method: "ServerMetadata",
    expected: "a name",
    request: () => ({}),
    holds: (answer) => answer["name"] !== "",
  },
  {
    id: "model-ready",
    section: "health",
    method: "ModelReady",
    expected: "ready",
    request: (name) => ({ name }),
    holds: (answer) => answer["ready"] === true,
  },
  {
    id: "model-metadata",
    section: "metadata",
    method: "ModelMetadata",
    expected: "the tensors",
    request: (name) => ({ name }),
    holds: hasTensors,
  },
  {
    id: "model-metadata-version",
    section: "metadata",
    method: "ModelMetadata",
    expected: "the tensors",
    request: (name) => ({ name, version: "1" }),
    holds: hasTensors,
  },
  {
    id: "model-metadata-absent",
    section: "metadata",
    method: "ModelMetadata",
    expected: "NOT_FOUND",
    request: () => ({ name: "absent" }),
    code: status.NOT_FOUND,
  },
  {
    id: "version-absent",
    section: "metadata",
    method: "ModelMetadata",
    expected: "NOT_FOUND",
    request: (name) => ({ name, version: "77" }),
    code: status.NOT_FOUND,
  },
  {
    id: "infer-raw",
    section: "infer",
    method: "ModelInfer",
    expected: "an output",
    request: asked({ inputs: [image], raw_input_contents: raw(3136) }),
    holds: hasAnswer,
  },
  {
    id: "infer-typed",
    section: "infer",
    method: "ModelInfer",
    expected: "an output",
    request: asked({ inputs: [typed] }),
    holds: hasAnswer,
  },
  {
    id: "infer-id",
    section: "infer",
    method: "ModelInfer",
    expected: "the id comes back",
    request: asked({ id: "r7", inputs: [typed] }),
    holds: (answer) => answer["id"] === "r7",
  },
  {
    id: "raw-and-typed",
    section: "raw contents",
    method: "ModelInfer",
    expected: "INVALID_ARGUMENT",
    request: asked({ inputs: [typed], raw_input_contents: raw(3136) }),
    code: invalid,
  },
  {
    id: "raw-too-short",
    section: "raw contents",
    method: "ModelInfer",
    expected: "INVALID_ARGUMENT",
    request: asked({ inputs: [image], raw_input_contents: raw(3135) }),
    code: invalid,
  },
  {
    id: "raw-too-many",
    section: "raw contents",
    method: "ModelInfer",
    expected: "INVALID_ARGUMENT",
    request: asked({ inputs: [image], raw_input_contents: [...raw(3136), ...raw(4)] }),
    code: invalid,
  },
  {
    id: "typed-short",
    section: "infer",
    method: "ModelInfer",
    expected: "INVALID_ARGUMENT",
    request: asked({ inputs: [{ ...image, contents: { fp32_contents: [1] } }] }),
    code: invalid,
  },
  {
    id: "typed-other-field",
    section: "infer",
    method: "ModelInfer",
    expected: "INVALID_ARGUMENT",
    request: asked({ inputs: [{ ...image, contents: { int_contents: zeros } }] }),
    code: invalid,
  },
  {
    id: "no-data",
    section: "infer",
    method: "ModelInfer",
    expected: "INVALID_ARGUMENT",
    request: asked({ inputs: [image] }),
    code: invalid,
  },
  { id: "no-inputs", section: "infer", method: "ModelInfer", expected: "INVALID_ARGUMENT", request: asked({}), code: invalid },
  {
    id: "wrong-name",
    section: "infer",
    method: "ModelInfer",
    expected: "INVALID_ARGUMENT",
    request: asked({ inputs: [{ ...typed, name: "nope" }] }),
    code: invalid,
  },
  {
    id: "wrong-datatype",
    section: "infer",
    method: "ModelInfer",
    expected: "INVALID_ARGUMENT",
    request: asked({ inputs: [{ ...image, datatype: "FP64" }], raw_input_contents: raw(6272) }),
    code: invalid,
  },
  {
    id: "wrong-shape",
    section: "infer",
    method: "ModelInfer",
    expected: "INVALID_ARGUMENT",
    request: asked({ inputs: [{ ...typed, shape: [1, 784] }] }),
    code: invalid,
  },
  {
    id: "wrong-output",
    section: "infer",
    method: "ModelInfer",
    expected: "INVALID_ARGUMENT",
    request: asked({ inputs: [typed], outputs: [{ name: "nope" }] }),
    code: invalid,
  },
  {
    id: "absent-model",
    section: "infer",
    method: "ModelInfer",
    expected: "NOT_FOUND",
    request: () => ({ model_name: "absent", inputs: [typed] }),
    code: status.NOT_FOUND,
  },
];

/** Every check of the core calls. */
export const grpcChecks: readonly Check[] = rows.map(({ request, code = status.OK, holds = () => true, ...row }) =>
  grpcCheck({ ...row, request: ({ model }) => request(model), wanted: { code, holds } }),
);

function asked(request: object): (model: string) => GrpcAnswer {
  return (model) => ({ model_name: model, ...request });
}

function hasTensors(answer: GrpcAnswer): boolean {
  return JSON.stringify(answer).includes("Input3") && JSON.stringify(answer).includes("Plus214_Output_0");
}

function hasAnswer(answer: GrpcAnswer): boolean {
  const [output] = answer["outputs"] as readonly GrpcAnswer[];
  return output?.["name"] === "Plus214_Output_0" && String(output["shape"]) === "1,10";
}
