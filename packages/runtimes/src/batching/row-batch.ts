/**
 * What requests have in common that run as one, and their answers cut apart again. Pure.
 *
 * Hot path. Budget: no copy, and for each request no more memory than its answer; loops, as a closure for each request is half of what is left.
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
  if (one.outputNames !== other.outputNames && !areEqualNames(one.outputNames, other.outputNames)) return false;
  for (let index = 0; index < one.inputs.length; index++) if (!hasRowsLike(one.inputs[index], other.inputs[index])) return false;
  return true;
}

function areEqualNames(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.length === other.length && one.every((name, index) => name === other[index]);
}

function hasRowsLike(one: Tensor | undefined, other: Tensor | undefined): boolean {
  if (one === undefined || other?.name !== one.name || other.shape.length !== one.shape.length) return false;
  for (let axis = 1; axis < one.shape.length; axis++) if (one.shape[axis] !== other.shape[axis]) return false;
  return true;
}

/** The rows of each request in tensors of all of them, as views; `undefined` when the model did not give a row for each row. */
export function splitRows(tensors: readonly Tensor[], rowCounts: readonly number[]): readonly (readonly Tensor[])[] | undefined {
  let rows = 0;
  for (const count of rowCounts) rows += count;
  if (!tensors.every(({ shape }) => shape[0] === rows)) return undefined;
  const parts: Tensor[][] = rowCounts.map(() => []);
  for (const tensor of tensors) addParts(tensor, rowCounts, parts);
  return parts;
}

const noBytes = new Uint8Array(0);

function addParts(tensor: Tensor, rowCounts: readonly number[], parts: readonly Tensor[][]): void {
  const { name, datatype, shape } = tensor;
  const perRow = (datatype === "BYTES" ? tensor.elements.length : tensor.bytes.byteLength) / (shape[0] ?? 1);
  // Asked for once: `buffer` is a call of the engine, and `subarray` asks a Buffer for the class of its views besides.
  const { buffer, byteOffset } = datatype === "BYTES" ? noBytes : tensor.bytes;
  let from = 0;
  let partShape: readonly number[] = [];
  for (let index = 0; index < rowCounts.length; index++) {
    const count = rowCounts[index] ?? 0;
    // Most requests have as many rows as the one before.
    if (partShape[0] !== count) partShape = [count, ...shape.slice(1)];
    const to = from + count * perRow;
    if (datatype === "BYTES") parts[index]?.push({ name, datatype, shape: partShape, elements: tensor.elements.slice(from, to) });
    else parts[index]?.push({ name, datatype, shape: partShape, bytes: new Uint8Array(buffer, byteOffset + from, to - from) });
    from = to;
  }
}
