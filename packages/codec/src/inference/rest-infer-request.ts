/**
 * Reads the JSON of a REST inference request, with the binary tensor extension: the body is JSON of `jsonLength` bytes, then the raw
 * contents of each input that has the parameter `binary_data_size`, in order, and nothing else. Keys the protocol does not know are ignored,
 * parameters kept.
 */
import { failure } from "@modelyard/core";
import { parseJsonText } from "../json-text.ts";
import { checkShape } from "../shape.ts";
import {
  checkDatatype,
  type InferenceInput,
  type InferenceParameters,
  type InferenceRequest,
  type InputContents,
  maxTensors,
} from "./inference-message.ts";
import { listAt, type NumberLists, takeNumberLists } from "./number-lists.ts";

/** An output that was asked for over REST. */
export interface RestRequestedOutput {
  readonly name: string;
  readonly parameters: InferenceParameters | undefined;
  readonly isBinary: boolean;
}

/** A request over REST. */
export interface RestInferenceRequest extends InferenceRequest {
  readonly outputs: readonly RestRequestedOutput[];
  /** Form of outputs that were not asked for by name: the parameter `binary_data_output`. */
  readonly isBinaryByDefault: boolean;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** The parts of a body. */
interface Body {
  readonly root: JsonObject;
  /** Lists of numbers that were read ahead. */
  readonly lists: readonly Float64Array[];
  readonly exactRoot: () => unknown;
  readonly binary: Uint8Array;
  readonly hasBinary: boolean;
}

/**
 * Reads a body. `jsonLength` is the value of `Inference-Header-Content-Length`, undefined when the header is absent (the whole body is JSON);
 * 0, a body that is one raw input, is for the caller.
 */
export function readRestInferRequest(bytes: Uint8Array, jsonLength: number | undefined): RestInferenceRequest {
  const body = splitBody(bytes, jsonLength);
  const { root } = body;
  const parameters = readParameters(root["parameters"], "the request");
  const isBinaryByDefault = readBoolean(parameters, "binary_data_output") ?? false;
  return {
    modelName: "",
    modelVersion: "",
    id: readId(root["id"]),
    parameters,
    inputs: readInputs(body),
    outputs: readOutputs(root["outputs"], isBinaryByDefault),
    isBinaryByDefault,
  };
}

function splitBody(bytes: Uint8Array, jsonLength: number | undefined): Body {
  const end = jsonLength ?? bytes.length;
  if (end > bytes.length) {
    throw invalid(`Inference-Header-Content-Length is ${end}, but the body has only ${bytes.length} bytes`);
  }
  if (end === 0) throw invalid("the body is empty where JSON is expected");
  return { ...parseRoot(bytes.subarray(0, end)), binary: bytes.subarray(end), hasBinary: jsonLength !== undefined };
}

function parseRoot(text: Uint8Array): Pick<Body, "root" | "lists" | "exactRoot"> {
  const taken = takeNumberLists(text);
  const root = taken && parseRest(taken);
  if (root) return { root, lists: taken.lists, exactRoot: () => parseJsonText(text).exact() };
  const json = parseJsonText(text);
  if (!isObject(json.value)) throw invalid("its JSON is not an object");
  return { root: json.value, lists: [], exactRoot: () => json.exact() };
}

/** What is left of a text; `undefined` when it is no JSON, or a list that was taken is not the data of an input: then all of it is parsed. */
function parseRest({ rest, lists }: NumberLists): JsonObject | undefined {
  if (rest.includes("\uFFFD")) return undefined;
  let root: unknown;
  try {
    root = JSON.parse(rest);
  } catch {
    // The parse of the whole text says what is wrong with it.
    return undefined;
  }
  if (!isObject(root) || !Array.isArray(root["inputs"])) return undefined;
  const found = root["inputs"].filter((input) => isObject(input) && listAt(input["data"], lists));
  return found.length === lists.length ? root : undefined;
}

function readInputs(body: Body): InferenceInput[] {
  const inputs = readTensorList(body.root["inputs"], "inputs");
  if (!inputs) throw invalid('the member "inputs" is missing');
  let offset = 0;
  const read = inputs.map((input, index) => {
    const name = readName(input, `input ${index}`);
    const parameters = readParameters(input["parameters"], `the input "${name}"`);
    const size = readBinarySize(name, parameters);
    const contents = size === undefined ? jsonContents({ body, input, index, name }) : binaryContents({ body, input, name, offset, size });
    offset += size ?? 0;
    const shape = input["shape"];
    if (!Array.isArray(shape)) throw invalid(`the member "shape" of the input "${name}" must be a list of numbers`);
    return { name, datatype: checkDatatype(name, input["datatype"]), shape: checkShape(name, shape), parameters, contents };
  });
  if (offset !== body.binary.length) {
    throw invalid(`its inputs name ${offset} bytes of binary data, but ${body.binary.length} follow the JSON`);
  }
  return read;
}

interface InputSource {
  readonly body: Body;
  readonly input: JsonObject;
  readonly name: string;
}

function jsonContents({ body, input, index, name }: InputSource & { readonly index: number }): InputContents {
  const values = listAt(input["data"], body.lists);
  if (values) return { kind: "numbers", values };
  const data = input["data"] ?? (isInSharedMemory(input) ? [] : undefined);
  if (!Array.isArray(data)) throw invalid(`the input "${name}" has neither "data", a list, nor the parameter "binary_data_size"`);
  return { kind: "json", json: { data, exact: () => exactData(body.exactRoot(), index) } };
}

/** Its contents are not in the request: whether there is such a region is for the caller, who sees the parameter. */
function isInSharedMemory({ parameters }: JsonObject): boolean {
  return isObject(parameters) && parameters["shared_memory_region"] !== undefined;
}

function binaryContents(source: InputSource & { readonly offset: number; readonly size: number }): InputContents {
  const { body, input, name, offset, size } = source;
  if (!body.hasBinary) throw invalid(`the input "${name}" has binary data, but the header Inference-Header-Content-Length is missing`);
  if (input["data"] !== undefined) throw invalid(`the input "${name}" has both "data" and the parameter "binary_data_size"`);
  const end = offset + size;
  if (end > body.binary.length) {
    throw invalid(`the binary data of the input "${name}" ends at byte ${end}, but only ${body.binary.length} bytes follow the JSON`);
  }
  return { kind: "raw", bytes: body.binary.subarray(offset, end) };
}

/** The same list in the exact parse of the same text, whose structure is the same. */
function exactData(root: unknown, index: number): readonly unknown[] {
  const inputs = isObject(root) ? root["inputs"] : undefined;
  const input: unknown = Array.isArray(inputs) ? inputs[index] : undefined;
  const data = isObject(input) ? input["data"] : undefined;
  return Array.isArray(data) ? data : [];
}

function readOutputs(value: unknown, isBinaryByDefault: boolean): RestRequestedOutput[] {
  return (readTensorList(value, "outputs") ?? []).map((output, index) => {
    const name = readName(output, `output ${index}`);
    const parameters = readParameters(output["parameters"], `the output "${name}"`);
    return { name, parameters, isBinary: readBoolean(parameters, "binary_data") ?? isBinaryByDefault };
  });
}

function readTensorList(value: unknown, member: string): readonly JsonObject[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw invalid(`the member "${member}" must be a list`);
  if (value.length > maxTensors) throw invalid(`it has more than ${maxTensors} ${member}`);
  const wrong = value.findIndex((element) => !isObject(element));
  if (wrong >= 0) throw invalid(`element ${wrong} of "${member}" must be an object`);
  // Each element was just found to be an object.
  return value as readonly JsonObject[];
}

function readName(tensor: JsonObject, what: string): string {
  const name = tensor["name"];
  if (typeof name !== "string") throw invalid(`the member "name" of ${what} must be a string`);
  return name;
}

function readId(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw invalid('the member "id" must be a string');
  return value;
}

function readParameters(value: unknown, what: string): InferenceParameters | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw invalid(`the member "parameters" of ${what} must be an object`);
  return value;
}

function readBoolean(parameters: InferenceParameters | undefined, key: string): boolean | undefined {
  const value = parameters?.[key];
  if (value === undefined || typeof value === "boolean") return value;
  throw invalid(`the parameter "${key}" must be true or false`);
}

function readBinarySize(name: string, parameters: InferenceParameters | undefined): number | undefined {
  const size = parameters?.["binary_data_size"];
  if (size === undefined) return undefined;
  const isSize = typeof size === "number" && Number.isSafeInteger(size) && size >= 0;
  if (!isSize) throw invalid(`the parameter "binary_data_size" of the input "${name}" must be a whole number of 0 or more`);
  return size;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(why: string): Error {
  return failure("INFERENCE_REQUEST_INVALID", { why });
}
