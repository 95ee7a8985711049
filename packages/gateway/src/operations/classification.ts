/**
 * Outputs as the best classes: for each row of a batch the `count` largest values as texts `value:index`, largest first. Models bring no
 * labels here, so the third part, `:label`, is never there. Source: Triton's classification extension.
 */
import { arrayOf, type NumberArray, type RequestedOutput, type Tensor } from "@modelyard/codec";
import { failure } from "@modelyard/core";
import type { ModelSignature, TensorSignature } from "@modelyard/runtimes";
import { takesBatches } from "./model-configuration.ts";
import { shownValue } from "./shown-value.ts";

const parameterName = "classification";

/** Whether an output is wanted as classes, checked; 0: it is not. Fails with `INVALID_ARGUMENT` when the count is no whole number of 0 or more. */
function classCountOf(output: RequestedOutput): number {
  const value = output.parameters?.[parameterName];
  if (value === undefined || value === null) return 0;
  const count = typeof value === "bigint" ? Number(value) : value;
  if (typeof count === "number" && Number.isSafeInteger(count) && count >= 0) return count;
  const what = `The parameter "classification" of the output "${output.name}" must be a whole number of 0 or more, got ${shownValue(value)}`;
  throw failure("INVALID_ARGUMENT", { what });
}

/** Refuses classes of an output whose elements have no order. */
export function checkClassification(output: RequestedOutput, { datatype }: TensorSignature): void {
  if (classCountOf(output) === 0 || (datatype !== "BYTES" && datatype !== "BOOL")) return;
  const what = `The output "${output.name}" has the datatype ${datatype}: classes are made of numbers only. The parameter "classification" of it`;
  throw failure("INVALID_ARGUMENT", { what: `${what} must be left out` });
}

/** The outputs of a run with those that are wanted as classes replaced; `outputs` has the order of `requested`. */
export function classifyOutputs(
  outputs: readonly Tensor[],
  requested: readonly RequestedOutput[],
  signature: ModelSignature,
): readonly Tensor[] {
  if (!requested.some((output) => output.parameters !== undefined && classCountOf(output) > 0)) return outputs;
  const isBatched = takesBatches(signature);
  return outputs.map((tensor, index) => {
    const output = requested[index];
    const count = output ? classCountOf(output) : 0;
    return count === 0 ? tensor : classify(tensor, count, isBatched);
  });
}

function classify(tensor: Tensor, wanted: number, isBatched: boolean): Tensor {
  if (tensor.datatype === "BYTES") return tensor;
  const values = arrayOf(tensor.datatype, tensor.bytes);
  const rows = isBatched ? (tensor.shape[0] ?? 1) : 1;
  const rowLength = rows === 0 ? 0 : values.length / rows;
  const count = Math.min(wanted, rowLength);
  const isInteger = tensor.datatype.includes("INT");
  const elements: Uint8Array[] = [];
  for (let row = 0; row < rows; row++) {
    for (const index of largest(values, row * rowLength, rowLength).slice(0, count)) {
      const value = values[row * rowLength + index] ?? 0;
      elements.push(Buffer.from(`${isInteger ? String(value) : formatFloat(Number(value))}:${index}`));
    }
  }
  return { name: tensor.name, datatype: "BYTES", shape: isBatched ? [rows, count] : [count], elements };
}

/** Positions in a row by value, largest first; equal values keep their order, what is not a number comes last. */
function largest(values: NumberArray, offset: number, length: number): number[] {
  const positions = Array.from({ length }, (_, index) => index);
  return positions.sort((a, b) => descending(values[offset + a] ?? 0, values[offset + b] ?? 0));
}

function descending(a: number | bigint, b: number | bigint): number {
  if (a === b) return 0;
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  return Number.isNaN(b) || a > b ? -1 : 1;
}

/** As C's `%f`. */
function formatFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  // toFixed() changes to an exponent from 1e21 on; such a number is whole, and a bigint writes all its digits.
  return Math.abs(value) >= 1e21 ? `${BigInt(value)}.000000` : value.toFixed(6);
}
