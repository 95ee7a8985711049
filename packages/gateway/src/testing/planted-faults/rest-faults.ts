/** Faults of the REST side: of what is read from a request, and of what is written into an answer. */
import { type RequestHead, responseHead, type WholeResponse } from "@modelyard/wire";
import { exchangeFault, withField, withoutRequestField, withPath } from "./faulty-exchange.ts";
import type { PlantedFault } from "./planted-fault.ts";

type Json = Readonly<Record<string, unknown>>;

const lengthHeader = "inference-header-content-length";

/** The table. */
export const restFaults: readonly PlantedFault[] = [
  answerFault("unknown-model-status", "answers 500 where nothing is found", (answer) =>
    answer.head.status === 404 ? withStatus(answer, 500) : answer,
  ),
  answerFault("refusal-as-success", "answers what it does not support with 200", (answer) =>
    answer.head.status === 501 ? withStatus(answer, 200) : answer,
  ),
  jsonFault("error-renamed", "tells the error under the name `message`", ({ error, ...rest }) =>
    error === undefined ? rest : { ...rest, message: error },
  ),
  answerFault("error-as-text", "tells errors as plain text", (answer) =>
    answer.head.status >= 400 ? { ...answer, body: "An error occurred" } : answer,
  ),
  answerFault("content-type-missing", "does not say that an answer is JSON", (answer) => ({
    ...answer,
    head: withField(answer.head, "content-type", undefined),
  })),
  answerFault("gzip-announced-only", "announces gzip and sends the body as it is", (answer, head) =>
    head.get("accept-encoding")?.includes("gzip") && answer.body !== undefined
      ? { ...answer, head: withField(answer.head, "content-encoding", "gzip") }
      : answer,
  ),
  jsonFault("id-not-echoed", "forgets the id of a request", ({ id: _id, ...rest }) => rest),
  jsonFault("id-invented", "makes up an id where none was sent", (body) => ("outputs" in body ? { id: "made-up", ...body } : body)),
  jsonFault("binary-size-off", "announces four bytes too many behind the JSON", (body) => withOutputs(body, sizeOff)),
  answerFault("json-length-missing", "does not say where the JSON ends", (answer) => ({
    ...answer,
    head: withField(answer.head, lengthHeader, undefined),
  })),
  jsonFault("classes-backwards", "gives the classes with the smallest value first", (body) => withOutputs(body, backwards)),
  jsonFault("model-name-missing", "does not say which model answered", ({ model_name: _name, ...rest }) => rest),
  jsonFault("versions-as-numbers", "gives the versions of a model as numbers", (body) =>
    Array.isArray(body["versions"]) ? { ...body, versions: body["versions"].map(Number) } : body,
  ),
  jsonFault(
    "index-without-state",
    "leaves the states out of the index",
    (body) => body,
    ({ state: _state, ...rest }) => rest,
  ),
  jsonFault("statistics-stopped", "does not count inferences", (body) =>
    Array.isArray(body["model_stats"]) ? { model_stats: body["model_stats"].map((one: Json) => ({ ...one, inference_count: 0 })) } : body,
  ),
  jsonFault("configuration-without-dims", "leaves the shapes out of the configuration", ({ input, ...rest }) =>
    Array.isArray(input) ? { ...rest, input: input.map(({ dims: _dims, ...one }: Json) => one) } : rest,
  ),
  jsonFault("predictions-renamed", "answers version 1 under another name", ({ predictions, ...rest }) =>
    predictions === undefined ? rest : { ...rest, outputs: predictions },
  ),
  exchangeFault("parameters-dropped", "does not read the parameters of a request", {
    requestBody: (body, head) => withoutParameters(body, head),
  }),
  exchangeFault("content-encoding-overlooked", "does not notice that a body is compressed", {
    requestHead: (head) => withoutRequestField(head, "content-encoding"),
  }),
  exchangeFault("json-length-overlooked", "does not notice that data follows the JSON", {
    requestHead: (head) => withoutRequestField(head, lengthHeader),
  }),
  exchangeFault("version-overlooked", "answers for whatever version is asked for", {
    requestHead: (head) => withPath(head, head.path.replace(/\/versions\/[^/]*/, "")),
  }),
  exchangeFault("address-by-beginning", "answers for a model whatever follows its name", {
    requestHead: (head) => withPath(head, head.path.replace(/^(\/v2\/models\/[^/]*)\/nothing$/, "$1")),
  }),
];

/** No fault: reads and writes every answer as the others do, and changes nothing. What it fails, the planting does. */
export const noFault: PlantedFault = jsonFault("none", "does nothing wrong", (body) => body);

function answerFault(name: string, what: string, answer: (answer: WholeResponse, head: RequestHead) => WholeResponse): PlantedFault {
  return exchangeFault(name, what, { answer: (one, head) => (isGrpc(one) ? one : answer(one, head)) });
}

/** A fault in the JSON of an answer; of an answer that is a list, in each of its entries. */
// oxlint-disable-next-line max-params -- a row of the table above.
function jsonFault(
  name: string,
  what: string,
  change: (body: Json) => Json,
  changeEntry: (entry: Json) => Json = (entry) => entry,
): PlantedFault {
  return answerFault(name, what, (answer) =>
    changedJson(answer, (json) => (Array.isArray(json) ? json.map(changeEntry) : change(json as Json))),
  );
}

function isGrpc({ head }: WholeResponse): boolean {
  return head.fields.some(([name, value]) => name === "content-type" && value.startsWith("application/grpc"));
}

function withStatus(answer: WholeResponse, status: number): WholeResponse {
  return { ...answer, head: responseHead(status, answer.head.fields) };
}

/** Only what is JSON, or begins with it; not what is compressed. */
function changedJson(answer: WholeResponse, change: (json: unknown) => unknown): WholeResponse {
  const fields = new Map(answer.head.fields);
  if (answer.body === undefined || fields.has("content-encoding")) return answer;
  const bytes = Buffer.from(answer.body);
  const length = fields.get(lengthHeader);
  const end = length === undefined ? bytes.length : Number(length);
  const json = Buffer.from(JSON.stringify(change(JSON.parse(bytes.subarray(0, end).toString()))));
  const head = length === undefined ? answer.head : withField(answer.head, lengthHeader, String(json.length));
  return { ...answer, head, body: Buffer.concat([json, bytes.subarray(end)]) };
}

function withOutputs(body: Json, change: (output: Json) => Json): Json {
  return Array.isArray(body["outputs"]) ? { ...body, outputs: body["outputs"].map(change) } : body;
}

function sizeOff(output: Json): Json {
  const parameters = output["parameters"] as Json | undefined;
  const size = parameters?.["binary_data_size"];
  return typeof size === "number" ? { ...output, parameters: { ...parameters, binary_data_size: size + 4 } } : output;
}

function backwards(output: Json): Json {
  const { data, datatype } = output;
  return datatype === "BYTES" && Array.isArray(data) ? { ...output, data: data.toReversed() } : output;
}

function withoutParameters(body: Buffer, head: RequestHead): Uint8Array {
  if (head.get(lengthHeader) !== undefined || !head.path.endsWith("/infer")) return body;
  try {
    const { parameters: _parameters, ...rest } = JSON.parse(body.toString()) as Json;
    return Buffer.from(JSON.stringify(rest));
  } catch {
    // No JSON: refused as it is.
    return body;
  }
}
