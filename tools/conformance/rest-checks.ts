/** Checks of the REST side: Open Inference Protocol v2 and the binary tensor extension. */
import type { Check, Subject } from "./check.ts";

interface Sent {
  readonly path: string;
  readonly method?: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Wanted {
  readonly status: number;
  /** Beyond the status. Default: anything. */
  readonly body?: (body: unknown, response: Response) => boolean;
}

const image = { name: "Input3", shape: [1, 1, 28, 28], datatype: "FP32", data: zeros(784) };

/** Every REST check. */
export const restChecks: readonly Check[] = [
  rest("live", "health", "200 with live true", () => ({ path: "/v2/health/live" }), {
    status: 200,
    body: (body) => field(body, "live") === true,
  }),
  rest("ready", "health", "200 with ready true", () => ({ path: "/v2/health/ready" }), {
    status: 200,
    body: (body) => field(body, "ready") === true,
  }),
  rest("server-metadata", "metadata", "200 with name, version, extensions", () => ({ path: "/v2" }), {
    status: 200,
    body: (body) =>
      typeof field(body, "name") === "string" && typeof field(body, "version") === "string" && Array.isArray(field(body, "extensions")),
  }),
  rest("model-metadata", "metadata", "200 with the tensors", ({ model }) => ({ path: `/v2/models/${model}` }), {
    status: 200,
    body: hasTensors,
  }),
  rest("model-metadata-version", "metadata", "200 with the tensors", ({ model }) => ({ path: `/v2/models/${model}/versions/1` }), {
    status: 200,
    body: hasTensors,
  }),
  rest("model-ready", "health", "200", ({ model }) => ({ path: `/v2/models/${model}/ready` }), { status: 200 }),
  rest("model-ready-version", "health", "200", ({ model }) => ({ path: `/v2/models/${model}/versions/1/ready` }), { status: 200 }),
  rest("model-ready-absent", "health", "404 with an error", () => ({ path: "/v2/models/absent/ready" }), { status: 404, body: hasError }),
  rest("model-metadata-absent", "metadata", "404 with an error", () => ({ path: "/v2/models/absent" }), { status: 404, body: hasError }),
  rest("version-absent", "metadata", "404 with an error", ({ model }) => ({ path: `/v2/models/${model}/versions/77` }), {
    status: 404,
    body: hasError,
  }),
  infer("infer", "200 with one output of [1,10]", { inputs: [image] }, { status: 200, body: hasAnswer }),
  infer("infer-nested-data", "200: data may be nested", { inputs: [{ ...image, data: [[square(28)]] }] }, { status: 200, body: hasAnswer }),
  infer(
    "infer-id",
    "the id comes back",
    { id: "request-7", inputs: [image] },
    { status: 200, body: (body) => field(body, "id") === "request-7" },
  ),
  infer(
    "infer-output-named",
    "200 with the output",
    { inputs: [image], outputs: [{ name: "Plus214_Output_0" }] },
    { status: 200, body: hasAnswer },
  ),
  infer(
    "infer-unknown-parameter",
    "200: unknown parameters are ignored",
    { parameters: { x: 1 }, inputs: [image] },
    { status: 200, body: hasAnswer },
  ),
  infer(
    "infer-content-type",
    "application/json",
    { inputs: [image] },
    {
      status: 200,
      body: (_body, response) => response.headers.get("content-type") === "application/json",
    },
  ),
  infer("wrong-output-name", "400 with an error", { inputs: [image], outputs: [{ name: "nope" }] }, { status: 400, body: hasError }),
  infer(
    "wrong-input-name",
    "400 naming the input",
    { inputs: [{ ...image, name: "nope" }] },
    { status: 400, body: (body) => errorOf(body).includes("Input3") },
  ),
  infer(
    "wrong-datatype",
    "400 naming both datatypes",
    { inputs: [{ ...image, datatype: "INT64" }] },
    { status: 400, body: (body) => errorOf(body).includes("FP32") },
  ),
  infer("wrong-datatype-name", "400", { inputs: [{ ...image, datatype: "FLOAT" }] }, { status: 400, body: hasError }),
  infer("wrong-shape", "400 naming the shape", { inputs: [{ ...image, shape: [1, 1, 14, 56] }] }, { status: 400, body: hasError }),
  infer("wrong-rank", "400", { inputs: [{ ...image, shape: [784] }] }, { status: 400, body: hasError }),
  infer("negative-dimension", "400", { inputs: [{ ...image, shape: [-1, 1, 28, 28] }] }, { status: 400, body: hasError }),
  infer("short-data", "400", { inputs: [{ ...image, data: image.data.slice(1) }] }, { status: 400, body: hasError }),
  infer("long-data", "400", { inputs: [{ ...image, data: [...image.data, 0] }] }, { status: 400, body: hasError }),
  infer("text-in-numbers", "400", { inputs: [{ ...image, data: [...image.data.slice(1), "x"] }] }, { status: 400, body: hasError }),
  infer("no-inputs", "400", {}, { status: 400, body: hasError }),
  infer("empty-inputs", "400", { inputs: [] }, { status: 400, body: hasError }),
  infer("input-twice", "400", { inputs: [image, image] }, { status: 400, body: hasError }),
  infer("no-shape", "400", { inputs: [{ name: "Input3", datatype: "FP32", data: image.data }] }, { status: 400, body: hasError }),
  infer("no-data", "400", { inputs: [{ name: "Input3", datatype: "FP32", shape: image.shape }] }, { status: 400, body: hasError }),
  rest("body-not-json", "infer", "400", ({ model }) => ({ path: `/v2/models/${model}/infer`, method: "POST", body: "{" }), {
    status: 400,
    body: hasError,
  }),
  rest("body-empty", "infer", "400", ({ model }) => ({ path: `/v2/models/${model}/infer`, method: "POST", body: "" }), {
    status: 400,
    body: hasError,
  }),
  rest(
    "infer-absent-model",
    "infer",
    "404",
    () => ({ path: "/v2/models/absent/infer", method: "POST", body: JSON.stringify({ inputs: [image] }) }),
    {
      status: 404,
      body: hasError,
    },
  ),
  rest("infer-by-get", "infer", "405", ({ model }) => ({ path: `/v2/models/${model}/infer` }), { status: 405 }),
  rest("path-unknown", "infer", "404", () => ({ path: "/v3/models" }), { status: 404 }),
  rest("binary-in-out", "binary data", "200 with a binary output of 40 bytes", ({ model }) => binaryRequest(model, 3136), {
    status: 200,
    body: (_body, response) => Number(response.headers.get("inference-header-content-length")) > 0,
  }),
  rest("binary-too-short", "binary data", "400", ({ model }) => binaryRequest(model, 3135), { status: 400 }),
  rest("binary-too-long", "binary data", "400", ({ model }) => binaryRequest(model, 3137), { status: 400 }),
  rest(
    "binary-header-length-wrong",
    "binary data",
    "400",
    ({ model }) => ({ ...binaryRequest(model, 3136), headers: { "inference-header-content-length": "99999999" } }),
    { status: 400 },
  ),
  rest(
    "binary-only",
    "binary data",
    "200: a header length of 0 means that the body is the one input",
    ({ model }) => ({
      path: `/v2/models/${model}/infer`,
      method: "POST",
      body: new Uint8Array(3136),
      headers: { "inference-header-content-length": "0" },
    }),
    { status: 200 },
  ),
];

// oxlint-disable-next-line max-params -- a row of the table above: the five cells in the order they are read.
function rest(id: string, section: string, expected: string, sent: (subject: Subject) => Sent, wanted: Wanted): Check {
  return {
    id: `rest-${id}`,
    section,
    protocol: "REST",
    expected,
    async run(subject) {
      const { path, method = "GET", body, headers = {} } = sent(subject);
      const response = await fetch(subject.rest + path, {
        method,
        headers,
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : Buffer.from(body) }),
      });
      const text = await response.text();
      const isRight = response.status === wanted.status && (wanted.body?.(parsed(text), response) ?? true);
      return { actual: `${response.status} ${text.slice(0, 200)}`, isRight, isUnsupported: response.status === 501 };
    },
  };
}

// oxlint-disable-next-line max-params -- a row of the table above.
function infer(id: string, expected: string, request: object, wanted: Wanted): Check {
  return rest(
    id,
    "infer",
    expected,
    ({ model }) => ({ path: `/v2/models/${model}/infer`, method: "POST", body: JSON.stringify(request) }),
    wanted,
  );
}

function binaryRequest(model: string, sizeBytes: number): Sent {
  const { data: _data, ...described } = image;
  const head = Buffer.from(
    JSON.stringify({ inputs: [{ ...described, parameters: { binary_data_size: sizeBytes } }], parameters: { binary_data_output: true } }),
  );
  const headers = { "inference-header-content-length": String(head.length), "content-type": "application/octet-stream" };
  return { path: `/v2/models/${model}/infer`, method: "POST", headers, body: Buffer.concat([head, Buffer.alloc(sizeBytes)]) };
}

function zeros(count: number): readonly number[] {
  return Array.from({ length: count }, () => 0);
}

function square(size: number): readonly (readonly number[])[] {
  return Array.from({ length: size }, () => zeros(size));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the checks that want JSON see undefined.
    return undefined;
  }
}

function field(body: unknown, name: string): unknown {
  return typeof body === "object" && body !== null ? (body as Readonly<Record<string, unknown>>)[name] : undefined;
}

function errorOf(body: unknown): string {
  const error = field(body, "error");
  return typeof error === "string" ? error : "";
}

function hasError(body: unknown): boolean {
  return errorOf(body) !== "";
}

function hasTensors(body: unknown): boolean {
  return JSON.stringify(field(body, "inputs")).includes('"FP32"') && JSON.stringify(field(body, "outputs")).includes("Plus214_Output_0");
}

function hasAnswer(body: unknown): boolean {
  const [output] = (field(body, "outputs") ?? []) as readonly unknown[];
  return (
    field(output, "name") === "Plus214_Output_0" &&
    String(field(output, "shape")) === "1,10" &&
    (field(output, "data") as readonly unknown[]).length === 10
  );
}
