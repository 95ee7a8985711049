/**
 * Writes a prediction of KServe's protocol version 1: `predictions` by rows, `outputs` by columns; values of one output as they are, of
 * several as objects by name. Texts that are not UTF-8 are written `{"b64": "…"}`. Source: TensorFlow Serving's RESTful API.
 */
import { isUtf8 } from "node:buffer";
import { failure } from "@modelyard/core";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { arrayOf } from "../tensor-json.ts";
import type { InferenceResponse } from "./inference-message.ts";
import type { V1Form } from "./v1-predict-request.ts";

/** Writes an answer as JSON. Fails with `UNIMPLEMENTED` when several outputs have not the same number of rows. */
export function writeV1PredictResponse({ outputs }: InferenceResponse, form: V1Form): string {
  const [only, ...others] = outputs;
  const isOne = only !== undefined && others.length === 0;
  if (form === "columns") return `{"outputs":${isOne ? nestedJson(only) : columnsJson(outputs)}}`;
  return `{"predictions":${isOne ? nestedJson(only) : rowsJson(outputs)}}`;
}

function columnsJson(outputs: readonly Tensor[]): string {
  return `{${outputs.map((output) => `${JSON.stringify(output.name)}:${nestedJson(output)}`).join(",")}}`;
}

function rowsJson(outputs: readonly Tensor[]): string {
  const count = outputs[0]?.shape[0] ?? 0;
  const columns = outputs.map((output) => {
    if (output.shape[0] !== count) throw withoutRows(output);
    return { name: JSON.stringify(output.name), rows: rowsOf(output) };
  });
  const rows = Array.from(
    { length: count },
    (_, index) => `{${columns.map(({ name, rows: texts }) => `${name}:${texts[index]}`).join(",")}}`,
  );
  return `[${rows.join(",")}]`;
}

function rowsOf(tensor: Tensor): readonly string[] {
  return tensor.shape.slice(1).reduceRight(group, elementsOf(tensor));
}

function nestedJson(tensor: Tensor): string {
  const [text = "null"] = tensor.shape.reduceRight(group, elementsOf(tensor));
  return tensor.shape.includes(0) ? "[]" : text;
}

/** Texts of lists of `length` neighbours each. */
function group(texts: readonly string[], length: number): readonly string[] {
  if (length === 0) return [];
  const lists: string[] = [];
  for (let start = 0; start < texts.length; start += length) lists.push(`[${texts.slice(start, start + length).join(",")}]`);
  return lists;
}

function elementsOf(tensor: Tensor): readonly string[] {
  if (tensor.datatype === "BYTES") return tensor.elements.map(textOf);
  if (tensor.datatype === "BOOL") return Array.from(tensor.bytes, (byte) => (byte === 0 ? "false" : "true"));
  return Array.from(arrayOf(tensor.datatype, tensor.bytes), String);
}

function textOf(element: Uint8Array): string {
  const bytes = Buffer.from(element.buffer, element.byteOffset, element.byteLength);
  return isUtf8(bytes) ? JSON.stringify(bytes.toString()) : `{"b64":"${bytes.toString("base64")}"}`;
}

function withoutRows({ name, shape }: Tensor): Error {
  return failure("UNIMPLEMENTED", { what: `An answer by rows of the output "${name}", whose shape ${formatShape(shape)} has others,` });
}
