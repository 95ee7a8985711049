/** Checks of the extensions of the REST side: repository, statistics, configuration, classification, compression, and what a server may leave out. */
import { deflateSync, gzipSync } from "node:zlib";
import type { Check, Outcome, Subject } from "./check.ts";
import { binarySent, hasAnswer, image, imageBytes, inferSent, outputName } from "./infer-requests.ts";
import { exchange, field, hasError, type RestReceived, type RestRow, type RestSent, type RestWanted, restCheck } from "./rest-exchange.ts";

type Row = Omit<RestRow, "section">;

const refused: RestWanted = { status: 400, holds: hasError };
const answered: RestWanted = { status: 200, holds: hasAnswer };
const inference = { inputs: [image] };
const json = JSON.stringify(inference);
const absent = [404, 405, 501] as const;

const repository: readonly Row[] = [
  {
    id: "index",
    expected: "names and states",
    sent: () => post("/v2/repository/index", {}),
    wanted: { status: 200, holds: hasStates },
    unsupported: absent,
  },
  {
    id: "index-empty",
    expected: "200: a body is not needed",
    sent: () => post("/v2/repository/index", ""),
    wanted: { status: 200, holds: hasStates },
    unsupported: absent,
  },
  {
    id: "index-ready",
    expected: "those that are ready",
    sent: () => post("/v2/repository/index", { ready: true }),
    wanted: { status: 200, holds: areReady },
    unsupported: absent,
  },
  {
    id: "index-ready-text",
    expected: "400: ready is no boolean",
    sent: () => post("/v2/repository/index", { ready: "yes" }),
    wanted: refused,
  },
  { id: "index-not-json", expected: "400", sent: () => post("/v2/repository/index", "{"), wanted: refused },
  {
    id: "load",
    expected: "200",
    sent: ({ model }) => post(`/v2/repository/models/${model}/load`, {}),
    wanted: { status: 200 },
    unsupported: absent,
  },
  {
    id: "load-empty",
    expected: "200: a body is not needed",
    sent: ({ model }) => post(`/v2/repository/models/${model}/load`, ""),
    wanted: { status: 200 },
    unsupported: absent,
  },
  {
    id: "load-absent",
    expected: "a refusal",
    sent: () => post("/v2/repository/models/absent/load", {}),
    wanted: { status: [400, 404], holds: hasError },
  },
  {
    id: "unload-absent",
    expected: "a refusal",
    sent: () => post("/v2/repository/models/absent/unload", {}),
    wanted: { status: [400, 404], holds: hasError },
  },
  { id: "load-not-json", expected: "400", sent: ({ model }) => post(`/v2/repository/models/${model}/load`, "{"), wanted: refused },
  {
    id: "load-parameters-list",
    expected: "400",
    sent: ({ model }) => post(`/v2/repository/models/${model}/load`, { parameters: [] }),
    wanted: refused,
  },
  {
    id: "load-config",
    expected: "the configuration is taken, or 501",
    sent: ({ model }) => post(`/v2/repository/models/${model}/load`, { parameters: { config: "{}" } }),
    wanted: { status: [200, 501] },
  },
  {
    id: "load-file",
    expected: "the file is taken, or 501",
    sent: ({ model }) => post(`/v2/repository/models/${model}/load`, { parameters: { config: "{}", "file:1/model.onnx": "" } }),
    wanted: { status: [400, 501], holds: hasError },
  },
  {
    id: "load-by-get",
    expected: "405 or 400",
    sent: ({ model }) => ({ path: `/v2/repository/models/${model}/load` }),
    wanted: { status: [400, 405] },
  },
];

const description: readonly Row[] = [
  {
    id: "stats-model",
    expected: "counts and times",
    sent: ({ model }) => ({ path: `/v2/models/${model}/stats` }),
    wanted: { status: 200, holds: hasStatistics },
    unsupported: absent,
  },
  {
    id: "stats-version",
    expected: "counts and times",
    sent: ({ model }) => ({ path: `/v2/models/${model}/versions/1/stats` }),
    wanted: { status: 200, holds: hasStatistics },
    unsupported: absent,
  },
  {
    id: "stats-all",
    expected: "a list",
    sent: () => ({ path: "/v2/models/stats" }),
    wanted: { status: 200, holds: hasStatistics },
    unsupported: absent,
  },
  {
    id: "stats-absent",
    expected: "a refusal",
    sent: () => ({ path: "/v2/models/absent/stats" }),
    wanted: { status: [400, 404], holds: hasError },
  },
  {
    id: "config",
    expected: "the tensors in Triton's words",
    sent: ({ model }) => ({ path: `/v2/models/${model}/config` }),
    wanted: { status: 200, holds: hasConfiguration },
    unsupported: absent,
  },
  {
    id: "config-version",
    expected: "the same",
    sent: ({ model }) => ({ path: `/v2/models/${model}/versions/1/config` }),
    wanted: { status: 200, holds: hasConfiguration },
    unsupported: absent,
  },
  {
    id: "config-absent",
    expected: "a refusal",
    sent: () => ({ path: "/v2/models/absent/config" }),
    wanted: { status: [400, 404], holds: hasError },
  },
];

const classification: readonly Row[] = [
  {
    id: "classification-1",
    expected: "BYTES [1,1]: the largest",
    sent: classified(1),
    wanted: { status: 200, holds: (received) => hasClasses(received, 1) },
  },
  {
    id: "classification-3",
    expected: "BYTES [1,3], the largest first",
    sent: classified(3),
    wanted: { status: 200, holds: (received) => hasClasses(received, 3) },
  },
  {
    id: "classification-10",
    expected: "BYTES [1,10]",
    sent: classified(10),
    wanted: { status: 200, holds: (received) => hasClasses(received, 10) },
  },
  { id: "classification-0", expected: "0 means that it is not asked for", sent: classified(0), wanted: answered },
  { id: "classification-negative", expected: "400", sent: classified(-1), wanted: refused },
  { id: "classification-text", expected: "400", sent: classified("three"), wanted: refused },
];

const compression: readonly Row[] = [
  { id: "gzip-in", expected: "200", sent: inferSent(gzipSync(json), { "content-encoding": "gzip" }), wanted: answered },
  { id: "deflate-in", expected: "200", sent: inferSent(deflateSync(json), { "content-encoding": "deflate" }), wanted: answered },
  {
    id: "gzip-upper-case",
    expected: "200: names of codings have no case",
    sent: inferSent(gzipSync(json), { "content-encoding": "GZIP" }),
    wanted: answered,
  },
  { id: "identity-in", expected: "200", sent: inferSent(json, { "content-encoding": "identity" }), wanted: answered },
  { id: "gzip-damaged", expected: "400", sent: inferSent(damaged(), { "content-encoding": "gzip" }), wanted: refused },
  { id: "gzip-cut", expected: "400", sent: inferSent(gzipSync(json).subarray(0, 40), { "content-encoding": "gzip" }), wanted: refused },
  { id: "gzip-is-none", expected: "400: the body is not gzip", sent: inferSent(json, { "content-encoding": "gzip" }), wanted: refused },
  {
    id: "coding-unknown",
    expected: "415 or 400",
    sent: inferSent(json, { "content-encoding": "br7" }),
    wanted: { status: [400, 415], holds: hasError },
  },
  { id: "gzip-out", expected: "the same answer", sent: inferSent(json, { "accept-encoding": "gzip" }), wanted: answered },
  { id: "deflate-out", expected: "the same answer", sent: inferSent(json, { "accept-encoding": "deflate" }), wanted: answered },
  { id: "gzip-binary", expected: "the JSON length counts the inflated body", sent: gzipBinary, wanted: { status: 200 } },
];

const left = { status: [200, 501] } as const;
const leftOut: readonly Row[] = [
  { id: "trace", expected: "settings, or 501", sent: () => ({ path: "/v2/trace/setting" }), wanted: left, unsupported: absent },
  {
    id: "trace-model",
    expected: "settings, or 501",
    sent: ({ model }) => ({ path: `/v2/models/${model}/trace/setting` }),
    wanted: left,
    unsupported: absent,
  },
  { id: "trace-set", expected: "settings, or 501", sent: () => post("/v2/trace/setting", {}), wanted: left, unsupported: absent },
  { id: "logging", expected: "settings, or 501", sent: () => ({ path: "/v2/logging" }), wanted: left, unsupported: absent },
  { id: "logging-set", expected: "settings, or 501", sent: () => post("/v2/logging", {}), wanted: left, unsupported: absent },
  ...["system", "cuda"].flatMap((kind): readonly Row[] => [
    {
      id: `${kind}-memory-status`,
      expected: "regions, or 501",
      sent: () => ({ path: `/v2/${kind}sharedmemory/status` }),
      wanted: left,
      unsupported: absent,
    },
    {
      id: `${kind}-memory-register`,
      expected: "a refusal: there is no such memory",
      sent: () => post(`/v2/${kind}sharedmemory/region/none/register`, { key: "/none", offset: 0, byte_size: 4 }),
      wanted: { status: [400, 501], holds: hasError },
      unsupported: absent,
    },
    {
      id: `${kind}-memory-unregister`,
      expected: "200 or 501",
      sent: () => post(`/v2/${kind}sharedmemory/unregister`, {}),
      wanted: left,
      unsupported: absent,
    },
  ]),
  {
    id: "generate",
    expected: "a refusal: the model has no text",
    sent: ({ model }) => post(`/v2/models/${model}/generate`, { text_input: "x" }),
    wanted: { status: [400, 501], holds: hasError },
    unsupported: absent,
  },
  {
    id: "generate-stream",
    expected: "a refusal: the model has no text",
    sent: ({ model }) => post(`/v2/models/${model}/generate_stream`, { text_input: "x" }),
    wanted: { status: [400, 501], holds: hasError },
    unsupported: absent,
  },
  {
    id: "sequence",
    expected: "never ignored: 501 or 400",
    sent: inferSent({ ...inference, parameters: { sequence_id: 7, sequence_start: true } }),
    wanted: { status: [400, 501], holds: hasError },
  },
  {
    id: "shared-memory-input",
    expected: "a refusal: there is no such memory",
    sent: inferSent({
      inputs: [{ ...image, data: undefined, parameters: { shared_memory_region: "none", shared_memory_byte_size: imageBytes } }],
    }),
    wanted: { status: [400, 501], holds: hasError },
  },
];

const kserve: readonly Row[] = [
  {
    id: "v1-models",
    expected: "names",
    sent: () => ({ path: "/v1/models" }),
    wanted: { status: 200, holds: (received) => Array.isArray(field(received.json, "models")) },
    unsupported: absent,
  },
  {
    id: "v1-model",
    expected: "name and ready",
    sent: ({ model }) => ({ path: `/v1/models/${model}` }),
    wanted: { status: 200, holds: (received) => String(field(received.json, "ready")).toLowerCase() === "true" },
    unsupported: [405, 501],
  },
  {
    id: "v1-predict",
    expected: "predictions",
    sent: ({ model }) => post(`/v1/models/${model}:predict`, { instances: [square()] }),
    wanted: { status: 200, holds: (received) => Array.isArray(field(received.json, "predictions")) },
    unsupported: absent,
  },
  {
    id: "v1-explain",
    expected: "a refusal: there is no explainer",
    sent: ({ model }) => post(`/v1/models/${model}:explain`, { instances: [square()] }),
    wanted: { status: [400, 404, 500, 501], holds: hasError },
  },
  {
    id: "v1-predict-absent",
    expected: "404",
    sent: () => post("/v1/models/absent:predict", { instances: [] }),
    wanted: { status: 404, holds: hasError },
  },
  { id: "v1-predict-none", expected: "400: no instances", sent: ({ model }) => post(`/v1/models/${model}:predict`, {}), wanted: refused },
  { id: "v1-predict-not-json", expected: "400", sent: ({ model }) => post(`/v1/models/${model}:predict`, "{"), wanted: refused },
  {
    id: "v1-predict-kind",
    expected: "400: instances is no list",
    sent: ({ model }) => post(`/v1/models/${model}:predict`, { instances: 7 }),
    wanted: refused,
  },
];

/** Every check of the extensions. */
export const extensionChecks: readonly Check[] = [
  ...rowsOf("repository", repository),
  unloadAndLoad(),
  ...rowsOf("statistics and configuration", description),
  countsGrow(),
  ...rowsOf("classification", classification),
  ...rowsOf("compression", compression),
  ...rowsOf("left out", leftOut),
  ...rowsOf("KServe v1", kserve),
];

function rowsOf(section: string, rows: readonly Row[]): readonly Check[] {
  return rows.map((row) => restCheck({ ...row, section }));
}

/** In one check, as its steps depend on each other and the model has to be back for the rest. */
function unloadAndLoad(): Check {
  const run = async ({ rest, model }: Subject): Promise<Outcome> => {
    const sent = async (request: RestSent): Promise<number> => (await exchange(rest, request)).status;
    const infer = (): Promise<number> => sent({ path: `/v2/models/${model}/infer`, method: "POST", body: json });
    const unloaded = await sent(post(`/v2/repository/models/${model}/unload`, {}));
    const seen = [unloaded, await sent({ path: `/v2/models/${model}/ready` }), await infer()];
    seen.push(await sent(post(`/v2/repository/models/${model}/load`, {})), await infer());
    const [, ready = 0, refusal = 0, loaded, again] = seen;
    const isRight = unloaded === 200 && ready >= 400 && refusal >= 400 && loaded === 200 && again === 200;
    return { actual: seen.join(", "), isRight, isUnsupported: [404, 405, 501].includes(unloaded) };
  };
  const expected = "unload 200, then not ready and refused; load 200, then answered";
  return { id: "rest-unload-and-load", section: "repository", protocol: "REST", isWrong: false, expected, run };
}

function countsGrow(): Check {
  const run = async (subject: Subject): Promise<Outcome> => {
    const { rest, model } = subject;
    const before = await exchange(rest, { path: `/v2/models/${model}/stats` });
    await exchange(rest, inferSent(inference)(subject));
    const after = await exchange(rest, { path: `/v2/models/${model}/stats` });
    const counts = [inferenceCount(before), inferenceCount(after)] as const;
    return { actual: counts.join(", then "), isRight: counts[1] === counts[0] + 1, isUnsupported: [404, 501].includes(after.status) };
  };
  return {
    id: "rest-stats-grow",
    section: "statistics and configuration",
    protocol: "REST",
    isWrong: false,
    expected: "one inference more",
    run,
  };
}

function post(path: string, body: object | string): RestSent {
  return { path, method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) };
}

function classified(count: number | string): (subject: Subject) => RestSent {
  return inferSent({ inputs: [image], outputs: [{ name: outputName, parameters: { classification: count } }] });
}

function gzipBinary(subject: Subject): RestSent {
  const sent = binarySent(imageBytes)(subject);
  return { ...sent, body: gzipSync(sent.body ?? ""), headers: { ...sent.headers, "content-encoding": "gzip" } };
}

function damaged(): Buffer {
  const bytes = gzipSync(json);
  bytes[bytes.length - 6] = (bytes.at(-6) ?? 0) ^ 0xff;
  return bytes;
}

function square(): readonly (readonly (readonly number[])[])[] {
  return [Array.from({ length: 28 }, () => Array.from({ length: 28 }, () => 0))];
}

function hasStates({ json: body }: RestReceived): boolean {
  const entries = Array.isArray(body) ? (body as readonly unknown[]) : [];
  return entries.length > 0 && entries.every((one) => typeof field(one, "name") === "string" && typeof field(one, "state") === "string");
}

function areReady({ json: body }: RestReceived): boolean {
  return Array.isArray(body) && body.every((one) => field(one, "state") === "READY");
}

function hasStatistics({ json: body }: RestReceived): boolean {
  const [first] = (field(body, "model_stats") ?? []) as readonly unknown[];
  const parts = ["success", "fail", "queue", "compute_input", "compute_infer", "compute_output"];
  return parts.every((part) => field(field(field(first, "inference_stats"), part), "count") !== undefined);
}

function inferenceCount({ json: body }: RestReceived): number {
  const stats = (field(body, "model_stats") ?? []) as readonly unknown[];
  return stats.reduce<number>((sum, one) => sum + Number(field(one, "inference_count")), 0);
}

function hasConfiguration({ json: body }: RestReceived): boolean {
  const [input] = (field(body, "input") ?? []) as readonly unknown[];
  return field(input, "name") === "Input3" && field(input, "data_type") === "TYPE_FP32" && Array.isArray(field(input, "dims"));
}

/** `value:index` in falling order. */
function hasClasses({ json: body }: RestReceived, count: number): boolean {
  const [output] = (field(body, "outputs") ?? []) as readonly unknown[];
  const classes = (field(output, "data") ?? []) as readonly unknown[];
  const values = classes.map((one) => Number.parseFloat(String(one)));
  const isFalling = values.every((value, index) => index === 0 || value <= (values[index - 1] ?? 0));
  const isForm = classes.every((one) => /^-?[\d.e+-]+:\d+(:.*)?$/.test(String(one)));
  return field(output, "datatype") === "BYTES" && classes.length === count && isForm && isFalling;
}
