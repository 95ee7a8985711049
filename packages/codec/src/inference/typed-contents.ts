/**
 * The `InferTensorContents` message: elements in the one repeated field that belongs to the datatype.
 *
 * BOOL bool 1 · INT8, INT16, INT32 int 2 · INT64 int64 3 · UINT8, UINT16, UINT32 uint 4 · UINT64 uint64 5 · FP32 fp32 6 · FP64 fp64 7 ·
 * BYTES bytes 8. FP16 and BF16 have no field: they travel raw only. Packed FP32 and FP64 are the tensor's bytes and are not copied.
 */
import { assert, failure } from "@modelyard/core";
import type { Datatype, FixedDatatype } from "../datatype.ts";
import { ProtoReader, wireDelimited, wireFixed32, wireFixed64, wireVarint } from "../protobuf/proto-reader.ts";
import { type ProtoWriter, sizeOfDelimited, sizeOfInt32, sizeOfInt64, sizeOfUint32 } from "../protobuf/proto-writer.ts";
import { elementCountOf, formatShape } from "../shape.ts";
import type { FixedTensor, Tensor } from "../tensor.ts";
import { checkBytesCount, maxElementObjects, type TensorHeader, tensorFromBytes } from "../tensor-bytes.ts";
import { arrayOf } from "../tensor-json.ts";

interface ContentsField {
  readonly number: number;
  readonly name: string;
  /** Wire type of one element. */
  readonly wire: number;
}

const bools: ContentsField = { number: 1, name: "bool_contents", wire: wireVarint };
const ints: ContentsField = { number: 2, name: "int_contents", wire: wireVarint };
const uints: ContentsField = { number: 4, name: "uint_contents", wire: wireVarint };

const fields: Readonly<Record<Datatype, ContentsField | undefined>> = {
  BOOL: bools,
  INT8: ints,
  INT16: ints,
  INT32: ints,
  INT64: { number: 3, name: "int64_contents", wire: wireVarint },
  UINT8: uints,
  UINT16: uints,
  UINT32: uints,
  UINT64: { number: 5, name: "uint64_contents", wire: wireVarint },
  FP32: { number: 6, name: "fp32_contents", wire: wireFixed32 },
  FP64: { number: 7, name: "fp64_contents", wire: wireFixed64 },
  BYTES: { number: 8, name: "bytes_contents", wire: wireDelimited },
  FP16: undefined,
  BF16: undefined,
};

const fieldNames: ReadonlyMap<number, string> = new Map(
  Object.values(fields).flatMap((field) => (field ? [[field.number, field.name]] : [])),
);

/** Whether a datatype can be sent in a typed field. */
export function hasTypedContents(datatype: Datatype): boolean {
  return fields[datatype] !== undefined;
}

/** Reads the elements of an input from its contents, given in as many pieces as they came in. */
export function tensorFromTypedContents(header: TensorHeader, pieces: readonly Uint8Array[]): Tensor {
  const { name, datatype, shape } = header;
  const field = fields[datatype];
  if (!field) {
    throw failure("TENSOR_CONTENTS_INVALID", {
      tensor: name,
      expected: `raw_input_contents, as ${datatype} has no typed field`,
      actual: "contents",
    });
  }
  if (datatype === "BYTES") checkBytesCount(header);
  const runs = collectRuns(header, field, pieces);
  const expected = elementCountOf(shape);
  const actual = runs.reduce((count, run) => count + run.count, 0);
  if (actual !== expected) {
    const counts = { expected: `${expected} elements in ${field.name}`, actual: `${actual}` };
    throw failure("TENSOR_LENGTH_MISMATCH", { tensor: name, datatype, shape: formatShape(shape), ...counts });
  }
  if (datatype === "BYTES") return { name, datatype, shape, elements: runs.map((run) => run.bytes) };
  if (field.wire !== wireVarint) return tensorFromBytes(header, joined(runs));
  return { name, datatype, shape, bytes: varintElements({ name, datatype, shape }, runs, expected) };
}

/** A stretch of elements: a packed list, or one element that came under its own tag. */
interface Run {
  readonly bytes: Uint8Array;
  readonly count: number;
}

function collectRuns(header: TensorHeader, field: ContentsField, pieces: readonly Uint8Array[]): Run[] {
  const runs: Run[] = [];
  for (const piece of pieces) {
    const reader = new ProtoReader(piece);
    while (!reader.isAtEnd) {
      const tag = reader.tag();
      const run = readRun(reader, tag, field);
      if (run) pushRun(header, runs, run);
      else refuseOtherField(header, field, { reader, tag });
    }
  }
  return runs;
}

function pushRun({ name }: TensorHeader, runs: Run[], run: Run): void {
  if (runs.length === maxElementObjects) {
    const why = `the input "${name}" has more than ${maxElementObjects} elements that are sent one by one`;
    throw failure("INFERENCE_REQUEST_INVALID", { why });
  }
  runs.push(run);
}

function readRun(reader: ProtoReader, tag: number, field: ContentsField): Run | undefined {
  if (tag >>> 3 !== field.number) return undefined;
  if ((tag & 7) === wireDelimited) {
    const bytes = reader.bytes();
    const count = countElements(bytes, field.wire);
    if (!Number.isInteger(count)) throw reader.invalid(`${field.name} ends in the middle of an element`);
    return { bytes, count };
  }
  if ((tag & 7) !== field.wire) return undefined;
  const start = reader.position;
  reader.skip(tag);
  return { bytes: reader.source.subarray(start, reader.position), count: 1 };
}

function countElements(bytes: Uint8Array, wire: number): number {
  if (wire === wireDelimited) return 1;
  if (wire === wireFixed32) return bytes.length / 4;
  if (wire === wireFixed64) return bytes.length / 8;
  let count = 0;
  for (let index = 0; index < bytes.length; index++) if ((bytes[index] ?? 0) < 0x80) count++;
  return count;
}

/** Contents in the field of another datatype are refused; fields the protocol does not have are skipped. */
function refuseOtherField(header: TensorHeader, field: ContentsField, { reader, tag }: { reader: ProtoReader; tag: number }): void {
  const other = fieldNames.get(tag >>> 3);
  const start = reader.position;
  reader.skip(tag);
  const isEmpty = (tag & 7) === wireDelimited && reader.position - start === 1;
  if (other === undefined || (isEmpty && other !== "bytes_contents")) return;
  throw failure("TENSOR_CONTENTS_INVALID", {
    tensor: header.name,
    expected: `${field.name} for the datatype ${header.datatype}`,
    actual: other,
  });
}

function joined(runs: readonly Run[]): Uint8Array {
  const [first] = runs;
  return first && runs.length === 1 ? first.bytes : Buffer.concat(runs.map((run) => run.bytes));
}

type VarintHeader = TensorHeader & { readonly datatype: FixedDatatype };

/** Elements that came as varints, range-checked into their own width. */
function varintElements(header: VarintHeader, runs: readonly Run[], count: number): Uint8Array {
  const { range, read, make } = varintReaderOf(header.datatype);
  const array = make(count);
  let index = 0;
  for (const run of runs) {
    const reader = new ProtoReader(run.bytes);
    while (!reader.isAtEnd) {
      const value = read(reader);
      if (range && (value < range.min || value > range.max)) {
        const expected = `a whole number from ${range.min} to ${range.max}`;
        throw failure("TENSOR_ELEMENT_INVALID", { tensor: header.name, index, expected, actual: String(value) });
      }
      array[index++] = value;
    }
  }
  assert(index === count, "elements were counted before they are read");
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** The arrays that varints are read into, seen as lists of what is put into them. */
interface VarintArray extends ArrayBufferView {
  [index: number]: number | bigint;
}

interface VarintReader {
  /** Narrower than the field; undefined where the field has exactly the datatype's range. */
  readonly range?: { readonly min: number; readonly max: number };
  readonly read: (reader: ProtoReader) => number | bigint;
  readonly make: (count: number) => VarintArray;
}

function varintReaderOf(datatype: FixedDatatype): VarintReader {
  const reader = varintReaders[datatype];
  assert(reader, `${datatype} has a varint field`);
  return reader;
}

const readInt = (reader: ProtoReader): number => reader.int32();
const readUint = (reader: ProtoReader): number => reader.uint32();

const varintReaders: Readonly<Partial<Record<FixedDatatype, VarintReader>>> = {
  BOOL: { read: (reader) => (reader.bool() ? 1 : 0), make: (count) => new Uint8Array(count) },
  INT8: { range: { min: -0x80, max: 0x7f }, read: readInt, make: (count) => new Int8Array(count) },
  INT16: { range: { min: -0x8000, max: 0x7fff }, read: readInt, make: (count) => new Int16Array(count) },
  INT32: { read: readInt, make: (count) => new Int32Array(count) },
  INT64: { read: (reader) => reader.int64(), make: (count) => new BigInt64Array(count) },
  UINT8: { range: { min: 0, max: 0xff }, read: readUint, make: (count) => new Uint8Array(count) },
  UINT16: { range: { min: 0, max: 0xffff }, read: readUint, make: (count) => new Uint16Array(count) },
  UINT32: { read: readUint, make: (count) => new Uint32Array(count) },
  UINT64: { read: (reader) => reader.uint64(), make: (count) => new BigUint64Array(count) },
};

/** Bytes of a tensor's elements as an `InferTensorContents` message. */
export function sizeOfTypedContents(tensor: Tensor): number {
  if (tensor.datatype === "BYTES") return tensor.elements.reduce((size, element) => size + 1 + sizeOfDelimited(element.length), 0);
  const packed = sizeOfPacked(tensor);
  return packed === 0 ? 0 : 1 + sizeOfDelimited(packed);
}

/** Writes what {@link sizeOfTypedContents} measured. */
export function writeTypedContents(writer: ProtoWriter, tensor: Tensor): void {
  const field = fields[tensor.datatype];
  assert(field, `${tensor.datatype} has a typed field`);
  if (tensor.datatype === "BYTES") {
    for (const element of tensor.elements) {
      writer.tag(field.number * 8 + wireDelimited);
      writer.bytes(element);
    }
    return;
  }
  if (tensor.bytes.length === 0) return;
  writer.tag(field.number * 8 + wireDelimited);
  writer.uint32(sizeOfPacked(tensor));
  writePacked(writer, tensor);
}

/** FP32 and FP64 are their own packed form, and so is BOOL, whose bytes are varints of 0 and 1. */
function isOwnPackedForm(datatype: FixedDatatype): boolean {
  return datatype === "FP32" || datatype === "FP64" || datatype === "BOOL";
}

function sizeOfPacked(tensor: FixedTensor): number {
  if (isOwnPackedForm(tensor.datatype)) return tensor.bytes.length;
  const sizeOfNumber = fields[tensor.datatype] === uints ? sizeOfUint32 : sizeOfInt32;
  let size = 0;
  for (const value of arrayOf(tensor.datatype, tensor.bytes)) size += typeof value === "bigint" ? sizeOfInt64(value) : sizeOfNumber(value);
  return size;
}

function writePacked(writer: ProtoWriter, tensor: FixedTensor): void {
  if (isOwnPackedForm(tensor.datatype)) {
    writer.raw(tensor.bytes);
    return;
  }
  for (const value of arrayOf(tensor.datatype, tensor.bytes)) {
    if (typeof value === "bigint") writer.int64(value);
    else writer.int32(value);
  }
}
