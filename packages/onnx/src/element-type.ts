/** Element types of ONNX tensors (`TensorProto.DataType`): name, size, and the datatype of the inference protocol where it has one. */
import type { Datatype } from "@modelyard/codec";

/** One element type. */
export interface ElementType {
  /** Value of `TensorProto.DataType`. */
  readonly code: number;
  /** As in `tensor(float)`. */
  readonly name: string;
  /** Bits of one element in `rawData`; 0 for strings, which have no fixed size. */
  readonly bits: number;
  /** Undefined: the inference protocol has no such datatype. */
  readonly datatype: Datatype | undefined;
}

/** Every element type, by code. Source: onnx.proto. */
const elementTypes: ReadonlyMap<number, ElementType> = new Map(
  (
    [
      [1, "float", 32, "FP32"],
      [2, "uint8", 8, "UINT8"],
      [3, "int8", 8, "INT8"],
      [4, "uint16", 16, "UINT16"],
      [5, "int16", 16, "INT16"],
      [6, "int32", 32, "INT32"],
      [7, "int64", 64, "INT64"],
      [8, "string", 0, "BYTES"],
      [9, "bool", 8, "BOOL"],
      [10, "float16", 16, "FP16"],
      [11, "double", 64, "FP64"],
      [12, "uint32", 32, "UINT32"],
      [13, "uint64", 64, "UINT64"],
      [14, "complex64", 64, undefined],
      [15, "complex128", 128, undefined],
      [16, "bfloat16", 16, "BF16"],
      [17, "float8e4m3fn", 8, undefined],
      [18, "float8e4m3fnuz", 8, undefined],
      [19, "float8e5m2", 8, undefined],
      [20, "float8e5m2fnuz", 8, undefined],
      [21, "uint4", 4, undefined],
      [22, "int4", 4, undefined],
      [23, "float4e2m1", 4, undefined],
      [24, "float8e8m0", 8, undefined],
      [25, "uint2", 2, undefined],
      [26, "int2", 2, undefined],
      [27, "float6e2m3", 6, undefined],
      [28, "float6e3m2", 6, undefined],
    ] as const
  ).map(([code, name, bits, datatype]) => [code, { code, name, bits, datatype }]),
);

const codes: ReadonlyMap<Datatype, number> = new Map(
  [...elementTypes.values()].flatMap(({ code, datatype }) => (datatype === undefined ? [] : [[datatype, code] as const])),
);

/** The element type of a code; `undefined` for 0 and for codes this version does not know. */
export function elementTypeOf(code: number | undefined): ElementType | undefined {
  return code === undefined ? undefined : elementTypes.get(code);
}

/** The code of a datatype of the protocol. */
export function elementCodeOf(datatype: Datatype): number {
  // The table names every datatype of the protocol; 0 is UNDEFINED.
  return codes.get(datatype) ?? 0;
}
