/** Turns what a person has (JSON, .npy, .png, .csv) into a request for a model, by the model's own signature. */
import type { Tensor } from "@modelyard/codec";
import { failure } from "@modelyard/core";
import { readCsv } from "./csv.ts";
import { fromNested, type InputData, toTensor } from "./input-data.ts";
import { describeTensor, isRecord, type ModelMetadata, type TensorMetadata } from "./model-metadata.ts";
import { isNpy, readNpy } from "./npy.ts";
import { isPng, readPng } from "./png.ts";

/** What is sent: tensors, or a request of the inference protocol exactly as it was written. */
export type PredictionInput =
  | { readonly kind: "tensors"; readonly tensors: readonly Tensor[] }
  | { readonly kind: "request"; readonly json: string };

/** A file that was read. */
export interface InputFile {
  /** For messages: the path, or `standard input`. */
  readonly source: string;
  readonly bytes: Uint8Array;
}

/** The format is recognised by content; text that is no JSON is CSV. Throws `INPUT_INVALID` or `INPUT_MISMATCH`. */
export function readInput(file: InputFile, model: ModelMetadata): PredictionInput {
  const { source, bytes } = file;
  if (isNpy(bytes)) return tensors([toTensor(readNpy(bytes, source), onlyInput(model, source), source)]);
  if (isPng(bytes)) {
    const input = onlyInput(model, source);
    return tensors([toTensor(readPng(bytes, input, source), input, source)]);
  }
  const text = textOf(file).trim();
  if (text === "") throw failure("INPUT_INVALID", { source, why: "it is empty" });
  const json = parseJson(text);
  if ("problem" in json) {
    if (/^[[{]/.test(text)) throw failure("INPUT_INVALID", { source, why: `it is damaged JSON: ${json.problem}` });
    return fromColumns(text, file, model);
  }
  return isRecord(json.value) && Array.isArray(json.value["inputs"]) && !model.inputs.some((input) => input.name === "inputs")
    ? { kind: "request", json: text }
    : fromJson(json.value, file, model);
}

function fromColumns(text: string, { source }: InputFile, model: ModelMetadata): PredictionInput {
  const columns = readCsv(text, model.inputs, source);
  return tensors(model.inputs.map((input) => toTensor(columns.get(input.name) ?? { shape: [0], elements: [] }, input, source)));
}

function fromJson(value: unknown, { source }: InputFile, model: ModelMetadata): PredictionInput {
  if (!isRecord(value)) {
    const input = onlyInput(model, source);
    return tensors([toTensor(nested(value, input, source), input, source)]);
  }
  const unknown = Object.keys(value).find((name) => !model.inputs.some((input) => input.name === name));
  const wanted = `inputs ${model.inputs.map(describeTensor).join(", ")}`;
  if (unknown !== undefined) throw failure("INPUT_MISMATCH", { source, current: `the member "${unknown}"`, wanted });
  const missing = model.inputs.find((input) => !(input.name in value));
  if (missing) throw failure("INPUT_MISMATCH", { source, current: `no member "${missing.name}"`, wanted });
  return tensors(model.inputs.map((input) => toTensor(nested(value[input.name], input, source), input, source)));
}

function nested(value: unknown, input: TensorMetadata, source: string): InputData {
  const data = fromNested(value);
  if (!data) throw failure("INPUT_INVALID", { source, why: `the lists for "${input.name}" differ in length` });
  return data;
}

function onlyInput(model: ModelMetadata, source: string): TensorMetadata {
  const [only, ...others] = model.inputs;
  if (only && others.length === 0) return only;
  const wanted = `an object with the members ${model.inputs.map(describeTensor).join(", ")}`;
  throw failure("INPUT_MISMATCH", { source, current: "data for one input", wanted });
}

function tensors(all: readonly Tensor[]): PredictionInput {
  return { kind: "tensors", tensors: all };
}

function textOf({ source, bytes }: InputFile): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw failure("INPUT_INVALID", { source, why: "it is neither text nor a format that is known" }, { cause: error });
  }
}

/** The value, or what is wrong with the text. */
function parseJson(text: string): { readonly value: unknown } | { readonly problem: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
