/** What grpcurl is asked to call, as data: at least one call of every method that the server's reflection lists, and its answer. */
import type { KnownCase } from "./shared-data.ts";

/** An answer as grpcurl prints it: 64-bit numbers as strings, bytes in base64, no field that is empty. */
export type GrpcurlAnswer = Readonly<Record<string, unknown>>;

/** A call. */
export interface GrpcurlCall {
  /** Default: the method. */
  readonly label?: string;
  /** `package.Service/Method`. */
  readonly method: string;
  readonly sent: readonly object[];
  /** More flags. */
  readonly options?: readonly string[];
  readonly isRight: (answers: readonly GrpcurlAnswer[]) => boolean;
  /** Words of the error that is the right answer. */
  readonly refusal?: readonly string[];
}

const service = "inference.GRPCInferenceService";
const health = "grpc.health.v1.Health";

/** The calls; the model `digits` has the known case, `spare` is the same model. */
export function grpcurlCalls(known: KnownCase): readonly GrpcurlCall[] {
  return [...aboutTheServer, ...aboutModels, ...grpcurlInferences(known), ...repository, ...reflection, ...unsupported];
}

function one(method: string, request: object, isRight: (answer: GrpcurlAnswer) => boolean): GrpcurlCall {
  return { method, sent: [request], isRight: (answers) => answers.length === 1 && answers.every(isRight) };
}

function refused(method: string, request: object, refusal: readonly string[]): GrpcurlCall {
  return { method, sent: [request], isRight: () => false, refusal };
}

const aboutTheServer: readonly GrpcurlCall[] = [
  one(`${service}/ServerLive`, {}, ({ live }) => live === true),
  one(`${service}/ServerReady`, {}, ({ ready }) => ready === true),
  one(`${service}/ServerMetadata`, {}, ({ name, extensions }) => name === "modelyard" && String(extensions).includes("statistics")),
  one(`${health}/Check`, {}, ({ status }) => status === "SERVING"),
  one(`${health}/Check`, { service }, ({ status }) => status === "SERVING"),
  refused(`${health}/Check`, { service: "other" }, ["NotFound", '"other"']),
  // Watching never ends by itself.
  { ...one(`${health}/Watch`, {}, ({ status }) => status === "SERVING"), options: ["-max-time", "1"] },
];

const aboutModels: readonly GrpcurlCall[] = [
  one(`${service}/ModelReady`, { name: "digits" }, ({ ready }) => ready === true),
  one(`${service}/ModelReady`, { name: "digits", version: "1" }, ({ ready }) => ready === true),
  one(`${service}/ModelReady`, { name: "absent" }, ({ ready }) => ready === undefined),
  one(`${service}/ModelMetadata`, { name: "digits" }, (answer) => has(answer, { platform: "onnx_onnxruntime", versions: ["1"] })),
  refused(`${service}/ModelMetadata`, { name: "absent" }, ["NotFound", 'The model "absent"']),
  one(`${service}/ModelConfig`, { name: "digits" }, ({ config }) =>
    has(config, { platform: "onnxruntime_onnx", max_batch_size: 2 ** 31 - 1 }),
  ),
  one(`${service}/ModelStatistics`, { name: "digits" }, (answer) => has(answer, { model_stats: [{ name: "digits", version: "1" }] })),
];

/** Those that run a model. */
export function grpcurlInferences(known: KnownCase): readonly GrpcurlCall[] {
  const [image] = known.inputs;
  const wanted = known.outputs.find(({ name }) => name === "label")?.data[0];
  const input = { name: "image", datatype: "FP32", shape: image?.shape, contents: { fp32_contents: image?.data } };
  const request = (id: string, model_name = "digits"): object => ({ model_name, id, inputs: [input], outputs: [{ name: "label" }] });
  const isAnswer = (answer: unknown, id: string): boolean =>
    has(answer, { id, model_name: "digits", outputs: [{ name: "label", contents: { int64_contents: [String(wanted)] } }] });
  return [
    one(`${service}/ModelInfer`, request("one"), (answer) => isAnswer(answer, "one")),
    refused(`${service}/ModelInfer`, request("one", "absent"), ["NotFound", 'The model "absent"']),
    refused(`${service}/ModelInfer`, { model_name: "digits", inputs: [{ ...input, shape: [1, 1, 4, 16] }] }, [
      "InvalidArgument",
      "[1,1,4,16]",
    ]),
    {
      label: `${service}/ModelStreamInfer, a wrong request among right ones`,
      method: `${service}/ModelStreamInfer`,
      sent: [request("first"), request("second", "absent"), request("third")],
      isRight: ([first, second, third, ...more]) =>
        isAnswer(first?.["infer_response"], "first") &&
        String(second?.["error_message"]).includes('The model "absent"') &&
        isAnswer(third?.["infer_response"], "third") &&
        more.length === 0,
    },
  ];
}

const repository: readonly GrpcurlCall[] = [
  one(`${service}/RepositoryIndex`, { ready: true }, ({ models }) =>
    (models as readonly object[]).some((entry) => has(entry, { name: "digits", state: "READY" })),
  ),
  one(`${service}/RepositoryModelUnload`, { model_name: "spare" }, isEmpty),
  one(`${service}/RepositoryIndex`, {}, ({ models }) =>
    (models as readonly object[]).some((entry) => has(entry, { name: "spare", state: "UNAVAILABLE" })),
  ),
  one(`${service}/RepositoryModelLoad`, { model_name: "spare" }, isEmpty),
  one(`${service}/ModelReady`, { name: "spare" }, ({ ready }) => ready === true),
  refused(`${service}/RepositoryModelLoad`, { model_name: "spare", parameters: { config: { string_param: "{}" } } }, [
    "Unimplemented",
    "immutable",
  ]),
];

/** Both versions, each of which a client may ask alone; grpcurl itself takes the newer. */
const reflection: readonly GrpcurlCall[] = ["v1", "v1alpha"].map((version) =>
  one(`grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`, { list_services: "" }, (answer) =>
    has(answer, { list_services_response: { service: [{ name: health }, {}, {}, { name: service }] } }),
  ),
);

const unsupported: readonly GrpcurlCall[] = [
  ...["SystemSharedMemory", "CudaSharedMemory"].flatMap((region) =>
    ["Status", "Register", "Unregister"].map((verb) =>
      refused(`${service}/${region}${verb}`, { name: "region" }, ["Unimplemented", "shared memory is not supported"]),
    ),
  ),
  refused(`${service}/TraceSetting`, {}, ["Unimplemented", "The trace extension"]),
  refused(`${service}/LogSettings`, {}, ["Unimplemented", "The logging extension"]),
];

function isEmpty(answer: GrpcurlAnswer): boolean {
  return Object.keys(answer).length === 0;
}

/** Whether a value has at least all of another. */
function has(value: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return value === wanted;
  if (typeof value !== "object" || value === null || (Array.isArray(wanted) && wanted.length !== Object.keys(value).length)) return false;
  const members = new Map<string, unknown>(Object.entries(value));
  return Object.entries(wanted).every(([key, member]) => has(members.get(key), member));
}
