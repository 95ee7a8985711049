/** Checks of the binary tensor extension: what of a body is JSON, what is data, and which form an answer takes. */
import type { Check } from "./check.ts";
import { binarySent, describedImage, hasAnswer, image, imageBytes, inferSent, outputName } from "./infer-requests.ts";
import { field, hasError, type RestReceived, type RestWanted, type SectionRow, sectionChecks } from "./rest-exchange.ts";

const refused: RestWanted = { status: 400, holds: hasError };
const isBinary: RestWanted = { status: 200, holds: hasBinaryOutput };
const octets = { "content-type": "application/octet-stream" };
const bytesOnly = { ...octets, "inference-header-content-length": "0" };
const jsonRequest = JSON.stringify({ inputs: [image], outputs: [{ name: outputName, parameters: { binary_data: true } }] });

const rows: readonly SectionRow[] = [
  { id: "binary-in-out", expected: "40 bytes of output behind the JSON", sent: binarySent(imageBytes), wanted: isBinary },
  {
    id: "binary-output-named",
    expected: "binary_data of the output decides",
    sent: binarySent(imageBytes, { output: { name: outputName, parameters: { binary_data: true } } }),
    wanted: isBinary,
  },
  {
    id: "binary-output-json",
    expected: "JSON, as binary_data is false",
    sent: binarySent(imageBytes, { output: { name: outputName, parameters: { binary_data: false } } }),
    wanted: { status: 200, holds: hasAnswer },
  },
  {
    id: "binary-output-default",
    expected: "JSON where nothing else is asked for",
    sent: binarySent(imageBytes, { parameters: {} }),
    wanted: { status: 200, holds: hasAnswer },
  },
  { id: "binary-out-json-in", expected: "binary output of a JSON request", sent: inferSent(jsonRequest), wanted: isBinary },
  {
    id: "binary-length-all",
    expected: "a JSON length of the whole body is a JSON request",
    sent: inferSent(jsonRequest, { "inference-header-content-length": String(jsonRequest.length) }),
    wanted: isBinary,
  },
  {
    id: "binary-only",
    expected: "a JSON length of 0: the body is the one input",
    sent: inferSent(new Uint8Array(imageBytes), bytesOnly),
    wanted: { status: 200 },
  },
  {
    id: "binary-only-short",
    expected: "400: the one input is too short",
    sent: inferSent(new Uint8Array(imageBytes - 4), bytesOnly),
    wanted: refused,
  },
  { id: "binary-too-short", expected: "400", sent: binarySent(imageBytes - 1), wanted: refused },
  { id: "binary-too-long", expected: "400", sent: binarySent(imageBytes + 1), wanted: refused },
  {
    id: "binary-declared-more",
    expected: "400: the body ends before the data",
    sent: binarySent(imageBytes, { declared: imageBytes + 4 }),
    wanted: refused,
  },
  {
    id: "binary-declared-less",
    expected: "400: data that belongs to no input",
    sent: binarySent(imageBytes, { declared: imageBytes - 4 }),
    wanted: refused,
  },
  { id: "binary-declared-negative", expected: "400", sent: binarySent(imageBytes, { declared: -1 }), wanted: refused },
  { id: "binary-declared-text", expected: "400", sent: binarySent(imageBytes, { declared: "3136" }), wanted: refused },
  { id: "binary-declared-fraction", expected: "400", sent: binarySent(imageBytes, { declared: 3136.5 }), wanted: refused },
  { id: "binary-length-beyond", expected: "400", sent: binarySent(imageBytes, { jsonLength: "99999999" }), wanted: refused },
  { id: "binary-length-short", expected: "400: the JSON is cut", sent: binarySent(imageBytes, { jsonLength: "10" }), wanted: refused },
  { id: "binary-length-text", expected: "400", sent: binarySent(imageBytes, { jsonLength: "ten" }), wanted: refused },
  { id: "binary-length-negative", expected: "400", sent: binarySent(imageBytes, { jsonLength: "-1" }), wanted: refused },
  { id: "binary-length-fraction", expected: "400", sent: binarySent(imageBytes, { jsonLength: "1.5" }), wanted: refused },
  {
    id: "binary-and-data",
    expected: "400: the input has data twice",
    sent: twice,
    wanted: refused,
  },
];

/** Every check of the extension. */
export const binaryChecks: readonly Check[] = sectionChecks({ section: "binary data", extension: "binary_tensor_data" }, rows);

function hasBinaryOutput({ headers, bytes }: RestReceived): boolean {
  const jsonLength = Number(headers.get("inference-header-content-length"));
  const json: unknown = jsonLength > 0 ? JSON.parse(bytes.subarray(0, jsonLength).toString()) : undefined;
  const [output] = (field(json, "outputs") ?? []) as readonly unknown[];
  return field(field(output, "parameters"), "binary_data_size") === 40 && bytes.length === jsonLength + 40;
}

function twice(...args: Parameters<ReturnType<typeof inferSent>>): ReturnType<ReturnType<typeof inferSent>> {
  const head = Buffer.from(
    JSON.stringify({ inputs: [{ ...describedImage, data: image.data, parameters: { binary_data_size: imageBytes } }] }),
  );
  const headers = { ...octets, "inference-header-content-length": String(head.length) };
  return inferSent(Buffer.concat([head, Buffer.alloc(imageBytes)]), headers)(...args);
}
