/**
 * Tensors as the raw bytes of the protocol's binary forms: fixed-size elements little-endian and row-major; each BYTES element as a 4-byte
 * little-endian length and its bytes. Nothing is copied when reading: tensors are views of the message they came in.
 */
import { assert, failure } from "@modelyard/core";
import { type Datatype, elementSizeBytes } from "./datatype.ts";
import { elementCountOf, formatShape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** A tensor without its elements. The shape was checked. */
export interface TensorHeader {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

const lengthBytes = 4;

/**
 * Most elements of an input that become an object each: those of BYTES, and numbers that were not sent as one list. A request of 64 MiB could
 * name so many that they take several GiB.
 */
export const maxElementObjects: number = 2 ** 20;

/** Refuses a tensor of BYTES with more elements than are accepted, before any of them is read. */
export function checkBytesCount({ name, shape }: TensorHeader): void {
  if (elementCountOf(shape) <= maxElementObjects) return;
  const why = `the input "${name}" has more than ${maxElementObjects} elements of BYTES`;
  throw failure("INFERENCE_REQUEST_INVALID", { why });
}

/** Reads raw contents; fails unless they hold exactly the elements of the shape. BOOL bytes other than 0 and 1 are refused. */
export function tensorFromBytes(header: TensorHeader, bytes: Uint8Array): Tensor {
  const { name, datatype, shape } = header;
  if (datatype === "BYTES") return { name, datatype, shape, elements: readElements(header, bytes) };
  const expected = elementCountOf(shape) * elementSizeBytes(datatype);
  if (bytes.length !== expected) throw lengthMismatch(header, `${expected} bytes`, `${bytes.length}`);
  if (datatype === "BOOL") checkBooleans(name, bytes);
  return { name, datatype, shape, bytes };
}

/** Bytes that {@link writeTensorBytes} will write. */
export function tensorSizeBytes(tensor: Tensor): number {
  if (tensor.datatype !== "BYTES") return tensor.bytes.length;
  let size = 0;
  for (const element of tensor.elements) size += lengthBytes + element.length;
  return size;
}

/** Writes a tensor's raw contents into `target` at `offset`; returns the offset after them. */
export function writeTensorBytes(tensor: Tensor, target: Uint8Array, offset: number): number {
  if (tensor.datatype !== "BYTES") {
    target.set(tensor.bytes, offset);
    return offset + tensor.bytes.length;
  }
  let position = offset;
  for (const element of tensor.elements) {
    assert(element.length < 2 ** 32, "a BYTES element is shorter than 4 GiB");
    target[position] = element.length;
    target[position + 1] = element.length >>> 8;
    target[position + 2] = element.length >>> 16;
    target[position + 3] = element.length >>> 24;
    target.set(element, position + lengthBytes);
    position += lengthBytes + element.length;
  }
  return position;
}

/** A tensor's raw contents: its own bytes for fixed-size datatypes, a new buffer for BYTES. */
export function bytesOfTensor(tensor: Tensor): Uint8Array {
  if (tensor.datatype !== "BYTES") return tensor.bytes;
  const bytes = new Uint8Array(tensorSizeBytes(tensor));
  writeTensorBytes(tensor, bytes, 0);
  return bytes;
}

function readElements(header: TensorHeader, bytes: Uint8Array): Uint8Array[] {
  checkBytesCount(header);
  const expected = elementCountOf(header.shape);
  const elements: Uint8Array[] = [];
  let position = 0;
  while (position < bytes.length) {
    const start = position + lengthBytes;
    const end = start + lengthAt(bytes, position);
    if (start > bytes.length || end > bytes.length) {
      const room = Math.max(bytes.length - start, 0);
      throw lengthMismatch(
        header,
        `each element to lie within its contents`,
        `element ${elements.length}, which has ${room} bytes left for it`,
      );
    }
    if (elements.length === expected) throw lengthMismatch(header, `${expected} elements`, `more`);
    elements.push(bytes.subarray(start, end));
    position = end;
  }
  if (elements.length !== expected) throw lengthMismatch(header, `${expected} elements`, `${elements.length}`);
  return elements;
}

function lengthAt(bytes: Uint8Array, position: number): number {
  const low = (bytes[position] ?? 0) | ((bytes[position + 1] ?? 0) << 8) | ((bytes[position + 2] ?? 0) << 16);
  return low + (bytes[position + 3] ?? 0) * 2 ** 24;
}

function checkBooleans(tensor: string, bytes: Uint8Array): void {
  const index = bytes.findIndex((byte) => byte > 1);
  if (index >= 0) throw failure("TENSOR_ELEMENT_INVALID", { tensor, index, expected: "a byte of 0 or 1", actual: `${bytes[index] ?? 0}` });
}

function lengthMismatch(header: TensorHeader, expected: string, actual: string): Error {
  const { name, datatype, shape } = header;
  return failure("TENSOR_LENGTH_MISMATCH", { tensor: name, datatype, shape: formatShape(shape), expected, actual });
}
