/** Tensors as every part of the data plane passes them: raw little-endian bytes for fixed-size datatypes, a list of byte strings for BYTES. */
import type { FixedDatatype } from "./datatype.ts";

/** A tensor of a fixed-size datatype. */
export interface FixedTensor {
  readonly name: string;
  readonly datatype: FixedDatatype;
  /** Row-major dimensions, each a whole number >= 0; `[]` is a scalar. */
  readonly shape: readonly number[];
  /** Elements, little-endian, row-major; `byteLength` = product of `shape` x element size. May be a view at any offset. */
  readonly bytes: Uint8Array;
}

/** A tensor of byte strings (datatype `BYTES`). */
export interface BytesTensor {
  readonly name: string;
  readonly datatype: "BYTES";
  readonly shape: readonly number[];
  /** One entry per element, row-major. */
  readonly elements: readonly Uint8Array[];
}

/** A named tensor. */
export type Tensor = FixedTensor | BytesTensor;
