/** Makes constant tensors. */
import { type Datatype, elementSizeBytes, type FixedDatatype } from "@modelyard/codec";
import { assert } from "@modelyard/core";
import { elementCodeOf } from "../element-type.ts";
import type { OnnxTensor } from "../model.ts";

/** What a tensor is made of. */
export interface TensorOptions {
  readonly name: string;
  readonly datatype: Datatype;
  /** `[]` is a scalar. */
  readonly shape: readonly number[];
  /** Row-major. Numbers for the types up to 32 bits and FP64, `bigint` for INT64 and UINT64, text for BYTES; or the little-endian bytes themselves. */
  readonly data: readonly number[] | readonly bigint[] | readonly string[] | Uint8Array;
}

/** Makes a tensor with its elements in `rawData` (BYTES: in `stringData`). */
export function buildTensor({ name, datatype, shape, data }: TensorOptions): OnnxTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const tensor = { ...noLists, dims: shape.map(BigInt), dataType: elementCodeOf(datatype), name };
  if (datatype === "BYTES") {
    assert(data.length === count, `the tensor ${name} has as many strings as its shape says`);
    return { ...tensor, stringData: [...data].map((text) => new TextEncoder().encode(String(text))) };
  }
  const rawData = data instanceof Uint8Array ? data : encodeElements(datatype, data);
  assert(rawData.length === count * elementSizeBytes(datatype), `the tensor ${name} has as many bytes as its shape says`);
  return { ...tensor, rawData };
}

const noLists = {
  floatData: [],
  int32Data: [],
  stringData: [],
  int64Data: [],
  doubleData: [],
  uint64Data: [],
  externalData: [],
  metadataProps: [],
} as const;

type Setter = (view: DataView, offset: number, value: number | bigint) => void;

const setters: Readonly<Partial<Record<FixedDatatype, Setter>>> = {
  BOOL: (view, offset, value) => view.setUint8(offset, Number(value)),
  UINT8: (view, offset, value) => view.setUint8(offset, Number(value)),
  UINT16: (view, offset, value) => view.setUint16(offset, Number(value), true),
  UINT32: (view, offset, value) => view.setUint32(offset, Number(value), true),
  UINT64: (view, offset, value) => view.setBigUint64(offset, BigInt(value), true),
  INT8: (view, offset, value) => view.setInt8(offset, Number(value)),
  INT16: (view, offset, value) => view.setInt16(offset, Number(value), true),
  INT32: (view, offset, value) => view.setInt32(offset, Number(value), true),
  INT64: (view, offset, value) => view.setBigInt64(offset, BigInt(value), true),
  FP32: (view, offset, value) => view.setFloat32(offset, Number(value), true),
  FP64: (view, offset, value) => view.setFloat64(offset, Number(value), true),
};

/** Elements as little-endian bytes. Half floats come as bytes only: which rounding is meant is for the caller to say. */
function encodeElements(datatype: FixedDatatype, data: readonly number[] | readonly bigint[] | readonly string[]): Uint8Array {
  const set = setters[datatype];
  assert(set, `elements of ${datatype} are given as bytes`);
  const size = elementSizeBytes(datatype);
  const bytes = new Uint8Array(data.length * size);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of data.entries()) {
    assert(typeof value !== "string", `elements of ${datatype} are numbers`);
    set(view, index * size, value);
  }
  return bytes;
}
