/**
 * What requests have in common that run as one, and their answers cut apart again. Pure.
 *
 * Hot path. Budget: no copy.
 */
import type { Tensor } from "@modelyard/codec";
import type { InferRequest } from "../contract.ts";

/** Rows of a request: what axis 0 of each input says; `undefined` when they do not agree or there is none, and the request is run alone. */
export function rowCountOf({ inputs }: InferRequest): number | undefined {
  const rows = inputs[0]?.shape[0];
  if (rows === undefined || rows === 0) return undefined;
  for (const { shape } of inputs) if (shape[0] !== rows) return undefined;
  return rows;
}

/** Bytes of the inputs: what putting a request together with others copies. */
export function inputBytesOf({ inputs }: InferRequest): number {
  let bytes = 0;
  for (const input of inputs) {
    if (input.datatype === "BYTES") for (const element of input.elements) bytes += element.byteLength;
    else bytes += input.bytes.byteLength;
  }
  return bytes;
}

/** Whether two requests can be run as one: the same outputs, and rows of the same shape. */
export function isAlike(one: InferRequest, other: InferRequest): boolean {
  return areEqualNames(one.outputNames, other.outputNames) && one.inputs.every((input, index) => hasRowsLike(input, other.inputs[index]));
}

function areEqualNames(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.length === other.length && one.every((name, index) => name === other[index]);
}

function hasRowsLike(one: Tensor, other: Tensor | undefined): boolean {
  if (other?.name !== one.name || other.shape.length !== one.shape.length) return false;
  for (let axis = 1; axis < one.shape.length; axis++) if (one.shape[axis] !== other.shape[axis]) return false;
  return true;
}

/** The rows of each request in tensors of all of them, as views; `undefined` when the model did not give a row for each row. */
export function splitRows(tensors: readonly Tensor[], rowCounts: readonly number[]): readonly (readonly Tensor[])[] | undefined {
  const rows = rowCounts.reduce((sum, count) => sum + count, 0);
  if (!tensors.every(({ shape }) => shape[0] === rows)) return undefined;
  let from = 0;
  return rowCounts.map((count) => {
    const part = tensors.map((tensor) => partOf(tensor, from, count));
    from += count;
    return part;
  });
}

function partOf(output: Tensor, from: number, count: number): Tensor {
  const { name, shape } = output;
  const rows = shape[0] ?? 1;
  const ownShape = [count, ...shape.slice(1)];
  if (output.datatype === "BYTES") {
    const perRow = output.elements.length / rows;
    return { name, datatype: "BYTES", shape: ownShape, elements: output.elements.slice(from * perRow, (from + count) * perRow) };
  }
  const rowBytes = output.bytes.byteLength / rows;
  return { name, datatype: output.datatype, shape: ownShape, bytes: output.bytes.subarray(from * rowBytes, (from + count) * rowBytes) };
}
