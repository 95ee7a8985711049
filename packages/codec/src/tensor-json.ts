/**
 * Tensors as the `data` of the REST protocol: a list of elements, flat or nested by the shape, row-major.
 *
 * - Integers are whole numbers within the range of the datatype; 64-bit ones are exact, also beyond 2^53.
 * - BOOL is true or false; 1 and 0 are accepted.
 * - Floating point numbers are rounded once to the datatype; a finite number that would become infinite is refused. NaN, Infinity and
 *   -Infinity are written as these words, as Triton writes and Python reads them, and accepted as words and as strings.
 * - BYTES elements are strings, as UTF-8. A string with an unpaired surrogate, or an element that is not UTF-8, is refused, never changed.
 *
 * The machine is little-endian, as every platform is that this product runs on: typed arrays are the protocol's bytes.
 */
import { isUtf8 } from "node:buffer";
import { failure } from "@modelyard/core";
import type { FixedDatatype } from "./datatype.ts";
import { bf16BytesToFloats, floatsToBf16Bytes, floatsToFp16Bytes, fp16BytesToFloats } from "./half-float.ts";
import { elementCountOf, formatShape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";
import { checkBytesCount, type TensorHeader } from "./tensor-bytes.ts";

/** The `data` member of an input. */
export interface JsonData {
  readonly data: readonly unknown[];
  /** The same list with integers beyond 2^53 as bigints; asked for only when such an integer is met. */
  exact(): readonly unknown[];
}

/** Reads the elements of a tensor; fails unless they are exactly those of its datatype and shape. */
export function tensorFromJson(header: TensorHeader, json: JsonData): Tensor {
  const { name, datatype, shape } = header;
  if (datatype === "BYTES") checkBytesCount(header);
  const elements = flatten(header, json.data);
  if (datatype === "BYTES") return { name, datatype, shape, elements: elements.map((element, index) => bytesOf(header, element, index)) };
  if (datatype === "INT64" || datatype === "UINT64") {
    const hasLarge = elements.some((element) => typeof element === "number" && !Number.isSafeInteger(element));
    return { name, datatype, shape, bytes: wideIntegers(header, hasLarge ? flatten(header, json.exact()) : elements) };
  }
  return { name, datatype, shape, bytes: bytesOfArray(readers[datatype](header, elements)) };
}

/** As {@link tensorFromJson} of a flat list of numbers, none of them beyond 2^53 or what FP32 can hold. */
export function tensorFromNumbers(header: TensorHeader, values: Float64Array): Tensor {
  const { name, datatype, shape } = header;
  const isWhole = values.length === elementCountOf(shape);
  if (isWhole && datatype === "FP32") return { name, datatype, shape, bytes: bytesOfArray(new Float32Array(values)) };
  if (isWhole && datatype === "FP64") return { name, datatype, shape, bytes: bytesOfArray(new Float64Array(values)) };
  const data = Array.from(values);
  return tensorFromJson(header, { data, exact: () => data });
}

/** Elements of a tensor as JSON text: a flat list. -0 is written as 0. */
export function tensorToJson(tensor: Tensor): string {
  if (tensor.datatype === "BYTES") return `[${tensor.elements.map((element, index) => textOf(tensor.name, element, index)).join(",")}]`;
  if (tensor.datatype === "BOOL") return `[${Array.from(tensor.bytes, (byte) => (byte === 0 ? "false" : "true")).join(",")}]`;
  // Joining a typed array gives the shortest text that reads as the same number, exact 64-bit integers, and the three words.
  return `[${arrayOf(tensor.datatype, tensor.bytes).join(",")}]`;
}

/** A tensor's numbers: BOOL as 0 and 1, FP16 and BF16 as the FP32 numbers they stand for. A view where alignment allows. */
export function arrayOf(datatype: FixedDatatype, bytes: Uint8Array): NumberArray {
  if (datatype === "FP16") return fp16BytesToFloats(bytes);
  if (datatype === "BF16") return bf16BytesToFloats(bytes);
  const constructor = arrays[datatype];
  const isAligned = bytes.byteOffset % constructor.BYTES_PER_ELEMENT === 0;
  // Not slice(): that of a Buffer is a view.
  const { buffer, byteOffset, byteLength } = isAligned ? bytes : new Uint8Array(bytes);
  return new constructor(buffer, byteOffset, byteLength / constructor.BYTES_PER_ELEMENT);
}

/** What {@link arrayOf} gives. */
export type NumberArray =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

interface ArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): NumberArray;
}

const arrays: Readonly<Record<Exclude<FixedDatatype, "FP16" | "BF16">, ArrayConstructor>> = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP32: Float32Array,
  FP64: Float64Array,
};

type Reader = (header: TensorHeader, elements: readonly unknown[]) => ArrayBufferView;

const readers: Readonly<Record<Exclude<FixedDatatype, "INT64" | "UINT64">, Reader>> = {
  BOOL: booleans,
  UINT8: integers(Uint8Array, 0, 0xff),
  UINT16: integers(Uint16Array, 0, 0xffff),
  UINT32: integers(Uint32Array, 0, 0xffff_ffff),
  INT8: integers(Int8Array, -0x80, 0x7f),
  INT16: integers(Int16Array, -0x8000, 0x7fff),
  INT32: integers(Int32Array, -0x8000_0000, 0x7fff_ffff),
  // The limits lie halfway between the largest number and what would follow it: from there on rounding gives infinity.
  FP16: (header, elements) => floatsToFp16Bytes(floats(header, elements, 65_520)),
  BF16: (header, elements) => floatsToBf16Bytes(floats(header, elements, 2 ** 128 - 2 ** 119)),
  FP32: (header, elements) => new Float32Array(floats(header, elements, 2 ** 128 - 2 ** 103)),
  FP64: (header, elements) => floats(header, elements, Number.POSITIVE_INFINITY),
};

/** Flat as it is; nested when each level has the length its dimension says. */
function flatten(header: TensorHeader, data: readonly unknown[]): readonly unknown[] {
  const expected = elementCountOf(header.shape);
  if (!Array.isArray(data[0])) {
    if (data.length !== expected) throw wrongLength(header, `${expected} elements`, `${data.length}`);
    return data;
  }
  const depth = depthOf(data);
  const flat: unknown[] = [];
  if (depth > header.shape.length) throw wrongLength(header, `at most ${header.shape.length} levels of lists`, `${depth}`);
  collect(header, data, { flat, dimensions: header.shape.slice(header.shape.length - depth + 1), level: 0 });
  if (flat.length !== expected) throw wrongLength(header, `${expected} elements`, `${flat.length}`);
  return flat;
}

function depthOf(data: readonly unknown[]): number {
  let depth = 1;
  for (let inner = data[0]; Array.isArray(inner); inner = inner[0]) depth++;
  return depth;
}

interface Collecting {
  readonly flat: unknown[];
  /** Lengths of the lists inside the outermost one. */
  readonly dimensions: readonly number[];
  readonly level: number;
}

function collect(header: TensorHeader, list: readonly unknown[], collecting: Collecting): void {
  const { flat, dimensions, level } = collecting;
  const wanted = dimensions[level];
  if (wanted === undefined) {
    for (const element of list) flat.push(element);
    return;
  }
  for (const inner of list) {
    const isRight = Array.isArray(inner) && inner.length === wanted;
    if (!isRight) {
      const actual = Array.isArray(inner) ? `one of ${inner.length}` : describe(inner);
      throw wrongLength(header, `lists of ${wanted} on level ${level + 2}`, actual);
    }
    collect(header, inner, { flat, dimensions, level: level + 1 });
  }
}

function booleans(header: TensorHeader, elements: readonly unknown[]): Uint8Array {
  const array = new Uint8Array(elements.length);
  for (let index = 0; index < elements.length; index++) {
    const element = elements[index];
    if (element === true || element === 1) array[index] = 1;
    else if (element !== false && element !== 0) throw wrongElement(header, index, { expected: "true or false", actual: element });
  }
  return array;
}

function integers(constructor: new (length: number) => NumberArray, min: number, max: number): Reader {
  return (header, elements) => {
    const array = new constructor(elements.length);
    for (let index = 0; index < elements.length; index++) {
      const element = elements[index];
      const isRight = typeof element === "number" && Number.isInteger(element) && element >= min && element <= max;
      if (!isRight) throw wrongElement(header, index, { expected: `a whole number from ${min} to ${max}`, actual: element });
      array[index] = element;
    }
    return array;
  };
}

function wideIntegers(header: TensorHeader, elements: readonly unknown[]): Uint8Array {
  const isSigned = header.datatype === "INT64";
  const min = isSigned ? -(2n ** 63n) : 0n;
  const max = isSigned ? 2n ** 63n - 1n : 2n ** 64n - 1n;
  const array = new BigInt64Array(elements.length);
  for (let index = 0; index < elements.length; index++) {
    const element = elements[index];
    const value = typeof element === "number" && Number.isSafeInteger(element) ? BigInt(element) : element;
    const isRight = typeof value === "bigint" && value >= min && value <= max;
    if (!isRight) throw wrongElement(header, index, { expected: `a whole number from ${min} to ${max}`, actual: element });
    array[index] = value;
  }
  return bytesOfArray(array);
}

/** Numbers below `limit` in magnitude, or one of the three words. */
function floats(header: TensorHeader, elements: readonly unknown[], limit: number): Float64Array {
  const array = new Float64Array(elements.length);
  for (let index = 0; index < elements.length; index++) {
    const element = elements[index];
    const isNumber = typeof element === "number" && Math.abs(element) < limit;
    const value = isNumber ? element : nonFinite(element);
    if (value === undefined) throw wrongElement(header, index, { expected: `a number that ${header.datatype} can hold`, actual: element });
    array[index] = value;
  }
  return array;
}

function nonFinite(element: unknown): number | undefined {
  if (element === "NaN") return Number.NaN;
  if (element === "Infinity") return Number.POSITIVE_INFINITY;
  return element === "-Infinity" ? Number.NEGATIVE_INFINITY : undefined;
}

function bytesOf(header: TensorHeader, element: unknown, index: number): Uint8Array {
  const isRight = typeof element === "string" && element.isWellFormed();
  if (!isRight) throw wrongElement(header, index, { expected: "a string of Unicode characters", actual: element });
  return Buffer.from(element, "utf8");
}

function textOf(tensor: string, element: Uint8Array, index: number): string {
  if (!isUtf8(element)) throw failure("TENSOR_NOT_TEXT", { tensor, index });
  return JSON.stringify(Buffer.from(element.buffer, element.byteOffset, element.byteLength).toString("utf8"));
}

function bytesOfArray(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function wrongLength(header: TensorHeader, expected: string, actual: string): Error {
  const { name, datatype, shape } = header;
  return failure("TENSOR_LENGTH_MISMATCH", { tensor: name, datatype, shape: formatShape(shape), expected, actual });
}

function wrongElement(header: TensorHeader, index: number, { expected, actual }: { expected: string; actual: unknown }): Error {
  return failure("TENSOR_ELEMENT_INVALID", { tensor: header.name, index, expected, actual: describe(actual) });
}

const longestShown = 40;

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "bigint" || typeof value === "number") return String(value);
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value);
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
}
