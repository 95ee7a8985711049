/**
 * An inference request and its answer as both protocol faces see them. The inputs of a request are read in two steps: first names,
 * datatypes and shapes, so that they can be compared with the model; then {@link tensorOfInput} reads the contents.
 */
import { assertNever, failure } from "@modelyard/core";
import { type Datatype, datatypes, isDatatype } from "../datatype.ts";
import type { Tensor } from "../tensor.ts";
import { type TensorHeader, tensorFromBytes } from "../tensor-bytes.ts";
import { type JsonData, tensorFromJson, tensorFromNumbers } from "../tensor-json.ts";
import { tensorFromTypedContents } from "./typed-contents.ts";

/** Parameters by name. Values the protocol does not know are kept as they came. */
export type InferenceParameters = Readonly<Record<string, unknown>>;

/** Where the elements of an input are. */
export type InputContents =
  /** Raw bytes: `raw_input_contents`, or the binary part of a REST body. */
  | { readonly kind: "raw"; readonly bytes: Uint8Array }
  /** One `InferTensorContents` message, in as many pieces as it came in. */
  | { readonly kind: "typed"; readonly pieces: readonly Uint8Array[] }
  | { readonly kind: "json"; readonly json: JsonData }
  /** A flat list of JSON numbers that was read ahead. */
  | { readonly kind: "numbers"; readonly values: Float64Array };

/** An input whose contents are not read yet. */
export interface InferenceInput extends TensorHeader {
  readonly parameters: InferenceParameters | undefined;
  readonly contents: InputContents;
}

/** An output that was asked for. */
export interface RequestedOutput {
  readonly name: string;
  readonly parameters: InferenceParameters | undefined;
}

/** A request of either face. */
export interface InferenceRequest {
  /** Empty over REST, where the address names the model. */
  readonly modelName: string;
  /** Empty when any version will do. */
  readonly modelVersion: string;
  /** Empty when the client gave none. */
  readonly id: string;
  readonly parameters: InferenceParameters | undefined;
  readonly inputs: readonly InferenceInput[];
  /** Empty: all outputs. */
  readonly outputs: readonly RequestedOutput[];
}

/** An answer of either face. */
export interface InferenceResponse {
  readonly modelName: string;
  readonly modelVersion: string;
  /** As in the request; not written when empty. */
  readonly id: string;
  readonly outputs: readonly Tensor[];
}

/** Most inputs, and most requested outputs, of one request. */
export const maxTensors = 4096;

/** Reads the elements of an input; fails unless they are exactly those of its datatype and shape. */
export function tensorOfInput(input: InferenceInput): Tensor {
  const { contents } = input;
  switch (contents.kind) {
    case "raw":
      return tensorFromBytes(input, contents.bytes);
    case "typed":
      return tensorFromTypedContents(input, contents.pieces);
    case "json":
      return tensorFromJson(input, contents.json);
    case "numbers":
      return tensorFromNumbers(input, contents.values);
    default:
      return assertNever(contents);
  }
}

/** The datatype that was named, or `TENSOR_DATATYPE_UNKNOWN`. */
export function checkDatatype(tensor: string, datatype: unknown): Datatype {
  if (isDatatype(datatype)) return datatype;
  const actual = typeof datatype === "string" && datatype !== "" ? `"${datatype}"` : "missing";
  throw failure("TENSOR_DATATYPE_UNKNOWN", { tensor, actual, expected: datatypes.join(", ") });
}
