/** Checks of the REST side: health, metadata, inference, and the requests each has to refuse. */
import type { Check } from "./check.ts";
import { describedImage, hasAnswer, image, inferSent, outputName, square } from "./infer-requests.ts";
import { errorOf, exchange, field, hasError, type RestReceived, type RestRow, type RestWanted, restCheck } from "./rest-exchange.ts";

const refused: RestWanted = { status: 400, holds: hasError };
const absent: RestWanted = { status: 404, holds: hasError };
const answered: RestWanted = { status: 200, holds: hasAnswer };
const isTrue =
  (name: string) =>
  ({ json }: RestReceived): boolean =>
    field(json, name) === true;

const text = "the protocol does not say what the text of an error names";
const bodyOfHealth = "the status decides; the text shows a body, which some servers leave out";

const rows: readonly RestRow[] = [
  get("live", "health", "200", "/v2/health/live", { status: 200 }),
  get("ready", "health", "200", "/v2/health/ready", { status: 200 }),
  { ...get("live-body", "health", "live true", "/v2/health/live", { status: 200, holds: isTrue("live") }), ours: bodyOfHealth },
  { ...get("ready-body", "health", "ready true", "/v2/health/ready", { status: 200, holds: isTrue("ready") }), ours: bodyOfHealth },
  get("server-metadata", "metadata", "200 with name, version, extensions", "/v2", {
    status: 200,
    holds: ({ json }) =>
      typeof field(json, "name") === "string" && typeof field(json, "version") === "string" && Array.isArray(field(json, "extensions")),
  }),
  {
    ...get("server-metadata-slash", "metadata", "200: one slash at the end changes nothing", "/v2/", { status: 200 }),
    ours: "the protocol has no slash at the end",
  },
  get("model-metadata", "metadata", "200 with the tensors", "/v2/models/MODEL", { status: 200, holds: hasTensors }),
  get("model-metadata-version", "metadata", "200 with the tensors", "/v2/models/MODEL/versions/1", { status: 200, holds: hasTensors }),
  get("model-metadata-query", "metadata", "200: an unknown query is ignored", "/v2/models/MODEL?x=1", { status: 200, holds: hasTensors }),
  get("model-metadata-versions", "metadata", "versions is a list of texts", "/v2/models/MODEL", {
    status: 200,
    holds: ({ json }) => ((field(json, "versions") ?? []) as readonly unknown[]).every((one) => typeof one === "string"),
  }),
  get("model-ready", "health", "200", "/v2/models/MODEL/ready", { status: 200 }),
  get("model-ready-version", "health", "200", "/v2/models/MODEL/versions/1/ready", { status: 200 }),
  get("model-ready-absent", "health", "404 with an error", "/v2/models/absent/ready", absent),
  get("model-metadata-absent", "metadata", "404 with an error", "/v2/models/absent", absent),
  get("version-absent", "metadata", "404 with an error", "/v2/models/MODEL/versions/77", absent),
  get("version-no-number", "metadata", "a refusal", "/v2/models/MODEL/versions/one", { status: [400, 404], holds: hasError }),
  {
    ...get("model-name-case", "addresses", "404: the name in other letters", "", absent),
    ours: "the protocol does not say whether names have case",
    sent: ({ model }) => ({ path: `/v2/models/${otherCase(model)}` }),
  },
  {
    ...get("path-unknown", "addresses", "404 with an error", "/v3/models", absent),
    ours: "the protocol has no word on addresses it does not have",
  },
  get("path-below-model", "addresses", "404", "/v2/models/MODEL/nothing", { status: 404 }),
  get("path-bad-escape", "addresses", "400 or 404", "/v2/models/%zz", { status: [400, 404] }),
  get("infer-by-get", "addresses", "405 or 400", "/v2/models/MODEL/infer", { status: [405, 400] }),
  {
    ...get("live-by-post", "addresses", "405 or 400", "/v2/health/live", { status: [405, 400] }),
    sent: () => ({ path: "/v2/health/live", method: "POST", body: "{}" }),
  },
  {
    ...get("delete-model", "addresses", "405 or 400", "", { status: [405, 400] }),
    sent: ({ model }) => ({ path: `/v2/models/${model}`, method: "DELETE" }),
  },
  {
    ours: "of HTTP, not of the protocol",
    ...get("head-live", "health", "200 without a body", "", { status: 200, holds: ({ bytes }) => bytes.length === 0 }),
    sent: () => ({ path: "/v2/health/live", method: "HEAD" }),
  },
  infer("infer", "200 with one output of [1,10]", { inputs: [image] }, answered),
  infer("infer-nested-data", "200: data may be nested", { inputs: [{ ...image, data: [[square(28)]] }] }, answered),
  infer(
    "infer-id",
    "the id comes back",
    { id: "request-7", inputs: [image] },
    { status: 200, holds: ({ json }) => field(json, "id") === "request-7" },
  ),
  infer(
    "infer-no-id",
    "no id was sent, none is made up",
    { inputs: [image] },
    { status: 200, holds: ({ json }) => (field(json, "id") ?? "") === "" },
  ),
  infer(
    "infer-model-name",
    "model_name is the name asked for",
    { inputs: [image] },
    { status: 200, holds: ({ json }, { model }) => field(json, "model_name") === model },
  ),
  {
    id: "infer-no-content-type",
    section: "inference",
    expected: "200: JSON without a content type",
    ours: "the protocol names no content type; clients leave it out",
    sent: inferSent({ inputs: [image] }, { "content-type": "text/plain;charset=UTF-8" }),
    wanted: answered,
  },
  infer("infer-output-named", "200 with the output", { inputs: [image], outputs: [{ name: outputName }] }, answered),
  infer("infer-empty-outputs", "200: no outputs named means all", { inputs: [image], outputs: [] }, answered),
  infer("infer-unknown-parameter", "200: unknown parameters are ignored", { parameters: { x: 1 }, inputs: [image] }, answered),
  {
    ...infer("infer-unknown-member", "200: unknown members are ignored", { something: [1], inputs: [image] }, answered),
    ours: "the protocol does not say what a server does with members it does not know",
  },
  infer(
    "infer-input-parameter",
    "200: unknown parameters of an input are ignored",
    { inputs: [{ ...image, parameters: { x: "y" } }] },
    answered,
  ),
  infer("infer-exponents", "200: numbers may have exponents", { inputs: [image] }, answered, (text) => text.replaceAll("[0,", "[1e0,")),
  infer("infer-spaces", "200: blanks and line feeds between the parts", { inputs: [image] }, answered, (text) =>
    text.replaceAll(",", " ,\r\n\t"),
  ),
  {
    ...infer(
      "infer-content-type",
      "application/json",
      { inputs: [image] },
      { status: 200, holds: ({ headers }) => headers.get("content-type") === "application/json" },
    ),
    ours: "the protocol says JSON, and no content type",
  },
  {
    ...infer(
      "error-content-type",
      "application/json",
      {},
      { status: 400, holds: ({ headers }) => headers.get("content-type") === "application/json" },
    ),
    ours: "the protocol says JSON, and no content type",
  },
  infer("wrong-output-name", "400 with an error", { inputs: [image], outputs: [{ name: "nope" }] }, refused),
  {
    ...infer("output-twice", "400", { inputs: [image], outputs: [{ name: outputName }, { name: outputName }] }, refused),
    ours: "the protocol does not say that an output may be asked for only once",
  },
  infer("output-no-name", "400", { inputs: [image], outputs: [{}] }, refused),
  infer("outputs-no-list", "400", { inputs: [image], outputs: {} }, refused),
  {
    ...infer(
      "wrong-input-name",
      "400 naming the input",
      { inputs: [{ ...image, name: "nope" }] },
      { status: 400, holds: (received) => errorOf(received).includes("Input3") },
    ),
    ours: text,
  },
  infer("input-too-many", "400", { inputs: [image, { ...image, name: "more" }] }, refused),
  infer("input-no-name", "400", { inputs: [{ ...image, name: undefined }] }, refused),
  infer("input-name-number", "400", { inputs: [{ ...image, name: 3 }] }, refused),
  infer("input-null", "400", { inputs: [null] }, refused),
  infer("inputs-no-list", "400", { inputs: image }, refused),
  {
    ...infer(
      "wrong-datatype",
      "400 naming both datatypes",
      { inputs: [{ ...image, datatype: "INT64" }] },
      { status: 400, holds: (received) => errorOf(received).includes("FP32") },
    ),
    ours: text,
  },
  infer("wrong-datatype-name", "400", { inputs: [{ ...image, datatype: "FLOAT" }] }, refused),
  infer("datatype-lower-case", "400", { inputs: [{ ...image, datatype: "fp32" }] }, refused),
  infer("datatype-absent", "400", { inputs: [{ ...image, datatype: undefined }] }, refused),
  infer("datatype-null", "400", { inputs: [{ ...image, datatype: null }] }, refused),
  infer("wrong-shape", "400", { inputs: [{ ...image, shape: [1, 1, 14, 56] }] }, refused),
  infer("wrong-rank", "400", { inputs: [{ ...image, shape: [784] }] }, refused),
  infer("wrong-batch", "400", { inputs: [{ ...image, shape: [2, 1, 28, 28], data: [...image.data, ...image.data] }] }, refused),
  infer("empty-shape", "400", { inputs: [{ ...image, shape: [] }] }, refused),
  infer("shape-of-text", "400", { inputs: [{ ...image, shape: ["1", "1", "28", "28"] }] }, refused),
  infer("shape-fraction", "400", { inputs: [{ ...image, shape: [1, 1, 28.5, 28] }] }, refused),
  infer("shape-zero", "400", { inputs: [{ ...image, shape: [0, 1, 28, 28], data: [] }] }, refused),
  infer("shape-huge", "400", { inputs: [{ ...image, shape: [1, 1, 9007199254740991, 28] }] }, refused),
  infer("shape-overflow", "400", { inputs: [{ ...image, shape: [4294967296, 4294967296, 28, 28] }] }, refused),
  infer("shape-no-list", "400", { inputs: [{ ...image, shape: 784 }] }, refused),
  infer("shape-null", "400", { inputs: [{ ...image, shape: null }] }, refused),
  infer("negative-dimension", "400", { inputs: [{ ...image, shape: [-1, 1, 28, 28] }] }, refused),
  infer("short-data", "400", { inputs: [{ ...image, data: image.data.slice(1) }] }, refused),
  infer("long-data", "400", { inputs: [{ ...image, data: [...image.data, 0] }] }, refused),
  infer("text-in-numbers", "400", { inputs: [{ ...image, data: [...image.data.slice(1), "x"] }] }, refused),
  infer("numbers-as-text", "400", { inputs: [{ ...image, data: image.data.map(String) }] }, refused),
  infer("object-in-numbers", "400", { inputs: [{ ...image, data: [...image.data.slice(1), {}] }] }, refused),
  infer("data-no-list", "400", { inputs: [{ ...image, data: 7 }] }, refused),
  infer("data-null", "400", { inputs: [{ ...image, data: null }] }, refused),
  infer("data-ragged", "400", { inputs: [{ ...image, data: [[square(28).slice(1)]] }] }, refused),
  infer("no-inputs", "400", {}, refused),
  infer("empty-inputs", "400", { inputs: [] }, refused),
  infer("input-twice", "400", { inputs: [image, image] }, refused),
  infer("no-shape", "400", { inputs: [{ name: "Input3", datatype: "FP32", data: image.data }] }, refused),
  infer("no-data", "400", { inputs: [describedImage] }, refused),
  infer("id-number", "400", { id: 7, inputs: [image] }, refused),
  infer("parameters-no-object", "400", { parameters: 7, inputs: [image] }, refused),
  body("body-not-json", "400", "{"),
  body("body-empty", "400", ""),
  body("body-list", "400", "[]"),
  body("body-null", "400", "null"),
  body("body-text", "400", '"inputs"'),
  body("body-number", "400", "7"),
  body("body-trailing", "400: more after the document", `${JSON.stringify({ inputs: [image] })} {}`),
  body("body-two-commas", "400", JSON.stringify({ inputs: [image] }).replace("[0,", "[0,,")),
  body("body-last-comma", "400", '{"inputs":[],}'),
  body("body-comment", "400", '{"inputs":[]/* none */}'),
  body("body-single-quotes", "400", "{'inputs':[]}"),
  body("body-cut", "400", JSON.stringify({ inputs: [image] }).slice(0, -2)),
  body("body-deep", "400: nested beyond reason", "[".repeat(20_000)),
  body("body-leading-zero", "400: 00 is no number", JSON.stringify({ inputs: [image] }).replace("[0,", "[00,")),
  body("body-plus", "400: +1 is no number", JSON.stringify({ inputs: [image] }).replace("[0,", "[+1,")),
  body("body-hex", "400: 0x1 is no number", JSON.stringify({ inputs: [image] }).replace("[0,", "[0x1,")),
  body("body-invalid-utf8", "400", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
  body("body-utf16", "400", Buffer.from(JSON.stringify({ inputs: [image] }), "utf16le")),
  {
    ...get("infer-absent-model", "inference", "404", "", absent),
    sent: () => ({ path: "/v2/models/absent/infer", method: "POST", body: JSON.stringify({ inputs: [image] }) }),
  },
  {
    ...get("infer-absent-version", "inference", "404", "", absent),
    sent: ({ model }) => ({ path: `/v2/models/${model}/versions/77/infer`, method: "POST", body: JSON.stringify({ inputs: [image] }) }),
  },
  {
    ...get("infer-version", "inference", "200", "", answered),
    sent: ({ model }) => ({ path: `/v2/models/${model}/versions/1/infer`, method: "POST", body: JSON.stringify({ inputs: [image] }) }),
  },
];

/** Every check of the core addresses. */
export const restChecks: readonly Check[] = [...rows.map(restCheck), answeredVersion()];

/** The version that an answer names is one of those that the metadata lists; a server may leave both out. */
function answeredVersion(): Check {
  const run: Check["run"] = async (subject) => {
    const metadata = await exchange(subject.rest, { path: `/v2/models/${subject.model}` });
    const answer = await exchange(subject.rest, inferSent({ inputs: [image] })(subject));
    const version = field(answer.json, "model_version");
    const versions = (field(metadata.json, "versions") ?? []) as readonly unknown[];
    const actual = `${JSON.stringify(version)} of ${JSON.stringify(versions)}`;
    return { actual, isRight: answer.status === 200 && (version === undefined || versions.length === 0 || versions.includes(version)) };
  };
  const expected = "the version of the answer is among those of the metadata";
  return { id: "rest-infer-model-version", section: "inference", protocol: "REST", isWrong: false, expected, run };
}

// oxlint-disable-next-line max-params -- a row of the table above: the five cells in the order they are read.
function get(id: string, section: string, expected: string, path: string, wanted: RestWanted): RestRow {
  return { id, section, expected, sent: ({ model }) => ({ path: path.replace("MODEL", model) }), wanted };
}

// oxlint-disable-next-line max-params -- a row of the table above.
function infer(
  id: string,
  expected: string,
  request: object,
  wanted: RestWanted,
  edit: (text: string) => string = (text) => text,
): RestRow {
  return { id, section: "inference", expected, sent: inferSent(edit(JSON.stringify(request))), wanted };
}

function body(id: string, expected: string, bytes: string | Uint8Array): RestRow {
  return { id, section: "JSON", expected, sent: inferSent(bytes), wanted: refused };
}

function otherCase(name: string): string {
  return name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase();
}

function hasTensors({ json }: RestReceived): boolean {
  return JSON.stringify(field(json, "inputs")).includes('"FP32"') && JSON.stringify(field(json, "outputs")).includes(outputName);
}
