/**
 * Reads a prediction of KServe's protocol version 1, which is that of TensorFlow Serving: `instances` by rows, each the value of the one input
 * or an object of values by input name, or `inputs` by columns, the value of the one input or an object of values by input name. Shapes are
 * those of the nested lists. A text is also written `{"b64": "…"}`, as its bytes in base64. Source: TensorFlow Serving's RESTful API.
 */
import { failure } from "@modelyard/core";
import type { Datatype } from "../datatype.ts";
import { type JsonText, parseJsonText } from "../json-text.ts";
import type { InferenceInput, InferenceRequest, InputContents } from "./inference-message.ts";

/** An input of the model, as its signature names it. */
export interface V1Input {
  readonly name: string;
  readonly datatype: Datatype;
}

/** How a request, and so its answer, is arranged. */
export type V1Form = "rows" | "columns";

/** A request of version 1 as one of version 2. */
export interface V1PredictRequest extends InferenceRequest {
  readonly form: V1Form;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** Reads a body; fails with `INFERENCE_REQUEST_INVALID`. */
export function readV1PredictRequest(bytes: Uint8Array, inputs: readonly V1Input[]): V1PredictRequest {
  if (bytes.length === 0) throw invalid("the body is empty where JSON is expected");
  const text = parseJsonText(bytes);
  const form = formOf(text.value);
  const read = columnsOf(text.value, form, inputs).map(({ name, value }): InferenceInput => {
    // A name the model does not know keeps its place, so that the refusal names it.
    const datatype = inputs.find((input) => input.name === name)?.datatype ?? "BYTES";
    const data = Array.isArray(value) ? value : [value];
    const exact = (): readonly unknown[] => exactColumn(text, { form, inputs, name });
    return { name, datatype, shape: shapeOf(value), parameters: undefined, contents: contentsOf(name, { datatype, data, exact }) };
  });
  return { modelName: "", modelVersion: "", id: "", parameters: undefined, inputs: read, outputs: [], form };
}

function formOf(root: unknown): V1Form {
  if (!isObject(root)) throw invalid("its JSON is not an object");
  const { instances, inputs } = root;
  if (instances !== undefined && inputs !== undefined) throw invalid('it has both "instances" and "inputs"');
  if (instances === undefined && inputs === undefined) throw invalid('it has neither "instances" nor "inputs"');
  if (inputs !== undefined) return "columns";
  if (!Array.isArray(instances)) throw invalid('the member "instances" must be a list');
  if (instances.length === 0) throw invalid('the list "instances" is empty');
  return "rows";
}

/** One input with the value it has in all rows. */
interface Column {
  readonly name: string;
  readonly value: unknown;
}

function columnsOf(root: unknown, form: V1Form, inputs: readonly V1Input[]): readonly Column[] {
  if (!isObject(root)) return [];
  if (form === "columns") {
    const { inputs: value } = root;
    return isNamed(value) ? Object.entries(value).map(([name, column]) => ({ name, value: column })) : [onlyColumn(inputs, value)];
  }
  const { instances } = root;
  return Array.isArray(instances) ? columnsOfRows(instances, inputs) : [];
}

function columnsOfRows(rows: readonly unknown[], inputs: readonly V1Input[]): readonly Column[] {
  const [first] = rows;
  if (!isNamed(first)) {
    const named = rows.findIndex(isNamed);
    if (named >= 0) throw invalid(`instance ${named} is an object, but instance 0 is not`);
    return [onlyColumn(inputs, rows)];
  }
  const names = Object.keys(first);
  rows.forEach((row, index) => {
    if (!isNamed(row)) throw invalid(`instance ${index} is not an object, but instance 0 is`);
    const odd = names.find((name) => !Object.hasOwn(row, name)) ?? Object.keys(row).find((name) => !Object.hasOwn(first, name));
    if (odd !== undefined) throw invalid(`instance ${index} and instance 0 do not both have the input "${odd}"`);
  });
  return names.map((name) => ({ name, value: rows.map((row) => (isNamed(row) ? row[name] : undefined)) }));
}

function onlyColumn(inputs: readonly V1Input[], value: unknown): Column {
  const [input, ...others] = inputs;
  if (input && others.length === 0) return { name: input.name, value };
  const names = inputs.map(({ name }) => `"${name}"`).join(", ");
  throw invalid(`its values name no input, and the model has ${inputs.length}: ${names}`);
}

interface ColumnPlace {
  readonly form: V1Form;
  readonly inputs: readonly V1Input[];
  readonly name: string;
}

/** The same column in the exact parse of the same text, whose structure is the same. */
function exactColumn(text: JsonText, { form, inputs, name }: ColumnPlace): readonly unknown[] {
  const value = columnsOf(text.exact(), form, inputs).find((column) => column.name === name)?.value;
  return Array.isArray(value) ? value : [value];
}

/** Lengths along the first elements; that all others are alike is checked when the elements are read. */
function shapeOf(value: unknown): readonly number[] {
  const shape: number[] = [];
  for (let inner = value; Array.isArray(inner); inner = inner[0]) shape.push(inner.length);
  return shape;
}

interface ColumnData {
  readonly datatype: Datatype;
  readonly data: readonly unknown[];
  readonly exact: () => readonly unknown[];
}

function contentsOf(name: string, { datatype, data, exact }: ColumnData): InputContents {
  const isBase64 = datatype === "BYTES" && data.flat(Number.POSITIVE_INFINITY).some(isBase64Object);
  return isBase64 ? { kind: "raw", bytes: rawTexts(name, data.flat(Number.POSITIVE_INFINITY)) } : { kind: "json", json: { data, exact } };
}

/** BYTES elements as raw contents have them: a 4-byte little-endian length in front of each. */
function rawTexts(name: string, elements: readonly unknown[]): Uint8Array {
  const pieces = elements.flatMap((element) => {
    const bytes = bytesOf(name, element);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat(pieces);
}

function bytesOf(name: string, element: unknown): Buffer {
  if (typeof element === "string") return Buffer.from(element);
  if (!isBase64Object(element)) throw invalid(`an element of the input "${name}" is neither a text nor {"b64": text}`);
  const bytes = Buffer.from(element.b64, "base64");
  if (bytes.toString("base64").replace(/=+$/, "") !== element.b64.replace(/=+$/, "")) {
    throw invalid(`an element of the input "${name}" is not base64`);
  }
  return bytes;
}

function isBase64Object(value: unknown): value is { readonly b64: string } {
  return isObject(value) && typeof value["b64"] === "string" && Object.keys(value).length === 1;
}

/** An object of values by input name. */
function isNamed(value: unknown): value is JsonObject {
  return isObject(value) && !isBase64Object(value);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(why: string): Error {
  return failure("INFERENCE_REQUEST_INVALID", { why });
}
