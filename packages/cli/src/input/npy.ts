/**
 * NumPy's `.npy`: magic, version, a header that is a Python dictionary, raw elements.
 * Source of the format: numpy.lib.format (versions 1.0, 2.0, 3.0).
 */
import { arrayOf, elementSizeBytes, type FixedDatatype } from "@modelyard/codec";
import { failure } from "@modelyard/core";
import { countOf } from "./fit-shape.ts";
import type { InputData } from "./input-data.ts";

const magic = Buffer.from("\u0093NUMPY", "latin1");

const datatypes: Readonly<Record<string, FixedDatatype>> = {
  b1: "BOOL",
  u1: "UINT8",
  u2: "UINT16",
  u4: "UINT32",
  u8: "UINT64",
  i1: "INT8",
  i2: "INT16",
  i4: "INT32",
  i8: "INT64",
  f2: "FP16",
  f4: "FP32",
  f8: "FP64",
};

/** Whether bytes are an `.npy` file. */
export function isNpy(bytes: Uint8Array): boolean {
  return magic.equals(bytes.subarray(0, magic.length));
}

/** Reads an array. Throws `INPUT_INVALID` naming `source`. */
export function readNpy(bytes: Uint8Array, source: string): InputData {
  const refuse = (why: string): Error => failure("INPUT_INVALID", { source, why });
  if (!isNpy(bytes) || bytes.length < 12) throw refuse("it is not an .npy file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLong = (bytes[6] ?? 0) > 1;
  const start = isLong ? 12 : 10;
  const end = start + (isLong ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = Buffer.from(bytes.subarray(start, end)).toString("utf8");
  const [, descr] = /'descr':\s*'([^']+)'/.exec(header) ?? [];
  const [, order] = /'fortran_order':\s*(True|False)/.exec(header) ?? [];
  const [, sizes] = /'shape':\s*\(([^)]*)\)/.exec(header) ?? [];
  if (descr === undefined || order === undefined || sizes === undefined) throw refuse("its header is damaged or holds a structured type");
  const shape = sizes
    .split(",")
    .filter((size) => size.trim() !== "")
    .map(Number);
  if (order === "True" && shape.filter((size) => size > 1).length > 1)
    throw refuse("it is in Fortran order; save numpy.ascontiguousarray(array)");
  return readElements(bytes.subarray(end), { descr, shape, refuse });
}

interface Elements {
  readonly descr: string;
  readonly shape: readonly number[];
  readonly refuse: (why: string) => Error;
}

function readElements(body: Uint8Array, { descr, shape, refuse }: Elements): InputData {
  const count = countOf(shape);
  const [, byteOrder, type, size] = /^([<>|=])([a-zA-Z])(\d+)$/.exec(descr) ?? [];
  const datatype = datatypes[`${type}${size}`];
  const width = datatype ? elementSizeBytes(datatype) : Number(size) * (type === "U" ? 4 : 1);
  const isText = type === "U" || type === "S";
  if (!datatype && !isText) throw refuse(`elements of the type "${descr}" are not supported`);
  if (body.length !== count * width) throw refuse(`it has ${body.length} bytes of elements where ${count * width} are wanted`);
  const isSwapped = byteOrder === ">" && (isText ? type === "U" : width > 1);
  const bytes = isSwapped ? swapped(body, type === "U" ? 4 : width) : body;
  if (!datatype)
    return { shape, elements: Array.from({ length: count }, (_, index) => textAt(bytes, index * width, { width, isWide: type === "U" })) };
  const elements = Array.from<number | bigint>(arrayOf(datatype, bytes));
  return { shape, elements: datatype === "BOOL" ? elements.map(Boolean) : elements, raw: { datatype, bytes } };
}

function swapped(bytes: Uint8Array, width: number): Uint8Array {
  const result = new Uint8Array(bytes);
  for (let start = 0; start < result.length; start += width) result.subarray(start, start + width).reverse();
  return result;
}

/** Fixed-width text, padded with zeros: UTF-32 or bytes. */
function textAt(bytes: Uint8Array, start: number, { width, isWide }: { readonly width: number; readonly isWide: boolean }): string {
  const slot = Buffer.from(bytes.subarray(start, start + width));
  if (!isWide) return slot.toString("utf8").replace(/\0+$/, "");
  let text = "";
  for (let offset = 0; offset < width; offset += 4) text += String.fromCodePoint(slot.readUInt32LE(offset));
  return text.replace(/\0+$/, "");
}
