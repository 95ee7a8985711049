/** Tensors as raw bytes, for clients of the proof points; written apart from the product's codec, so that a mistake there is not repeated here. */
import type { JsonTensor } from "./shared-data.ts";

interface Element {
  readonly size: number;
  readonly write: (view: DataView, at: number, value: number) => void;
  readonly read: (view: DataView, at: number) => number;
  /** Field of InferTensorContents. */
  readonly field: string;
}

const elements: Readonly<Record<string, Element>> = {
  BOOL: { size: 1, write: (v, at, x) => v.setUint8(at, x ? 1 : 0), read: (v, at) => v.getUint8(at), field: "bool_contents" },
  UINT8: { size: 1, write: (v, at, x) => v.setUint8(at, x), read: (v, at) => v.getUint8(at), field: "uint_contents" },
  INT32: { size: 4, write: (v, at, x) => v.setInt32(at, x, true), read: (v, at) => v.getInt32(at, true), field: "int_contents" },
  INT64: {
    size: 8,
    write: (v, at, x) => v.setBigInt64(at, BigInt(x), true),
    read: (v, at) => Number(v.getBigInt64(at, true)),
    field: "int64_contents",
  },
  FP32: { size: 4, write: (v, at, x) => v.setFloat32(at, x, true), read: (v, at) => v.getFloat32(at, true), field: "fp32_contents" },
  FP64: { size: 8, write: (v, at, x) => v.setFloat64(at, x, true), read: (v, at) => v.getFloat64(at, true), field: "fp64_contents" },
};

/** Field of InferTensorContents that carries a datatype. */
export function contentsField(datatype: string): string {
  return datatype === "BYTES" ? "bytes_contents" : elementOf(datatype).field;
}

/** Little-endian bytes; BYTES elements behind a length of four bytes. */
export function toBytes(tensor: JsonTensor): Buffer {
  if (tensor.datatype === "BYTES") {
    return Buffer.concat(
      tensor.data.map((text) => {
        const bytes = Buffer.from(String(text));
        const length = Buffer.alloc(4);
        length.writeUInt32LE(bytes.length);
        return Buffer.concat([length, bytes]);
      }),
    );
  }
  const { size, write } = elementOf(tensor.datatype);
  const bytes = Buffer.alloc(size * tensor.data.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const [index, value] of tensor.data.entries()) write(view, index * size, Number(value));
  return bytes;
}

/** The elements of raw bytes. */
export function fromBytes(datatype: string, bytes: Buffer): readonly (number | string)[] {
  if (datatype === "BYTES") return textsOf(bytes);
  const { size, read } = elementOf(datatype);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / size }, (_, index) => read(view, index * size));
}

function textsOf(bytes: Buffer): readonly string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    texts.push(bytes.subarray(at + 4, at + 4 + length).toString());
    at += 4 + length;
  }
  return texts;
}

function elementOf(datatype: string): Element {
  const element = elements[datatype];
  if (!element) throw new Error(`The proof points have no ${datatype} tensors`);
  return element;
}
