/** Datatypes of the Open Inference Protocol v2 and the size of one element of each. */

/** Datatypes whose elements have a fixed size. BF16 is in the protocol's text though not in its table. */
export type FixedDatatype =
  | "BOOL"
  | "UINT8"
  | "UINT16"
  | "UINT32"
  | "UINT64"
  | "INT8"
  | "INT16"
  | "INT32"
  | "INT64"
  | "FP16"
  | "BF16"
  | "FP32"
  | "FP64";

/** Every datatype of the protocol. */
export type Datatype = FixedDatatype | "BYTES";

const sizes: Readonly<Record<FixedDatatype, number>> = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  BF16: 2,
  FP32: 4,
  FP64: 8,
};

/** Every datatype of the protocol, BYTES last. */
export const datatypes: readonly Datatype[] = [...(Object.keys(sizes) as FixedDatatype[]), "BYTES"];

/** Bytes of one element. */
export function elementSizeBytes(datatype: FixedDatatype): number {
  return sizes[datatype];
}

/** Whether a value names a datatype of the protocol. */
export function isDatatype(value: unknown): value is Datatype {
  return typeof value === "string" && (value === "BYTES" || Object.hasOwn(sizes, value));
}
