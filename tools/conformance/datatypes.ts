/** What the checks know of each datatype, written apart from the product's codec, so that a mistake there is not repeated here. */

/** One datatype. */
export interface DatatypeFacts {
  readonly name: string;
  /** Field of InferTensorContents; absent where the protocol has raw bytes only. */
  readonly field?: string;
  /** Why asking for it is more than the protocol says. */
  readonly ours?: string;
  /** Elements as JSON has them. */
  readonly values: readonly (number | string | boolean)[];
  /** The same elements, little-endian. */
  readonly bytes: Buffer;
  /** Literals of JSON beyond its range or precision; empty where there are none. */
  readonly outOfRange: readonly string[];
  /** Numbers beyond its range that its field of InferTensorContents can carry. */
  readonly typedOutOfRange: readonly number[];
}

/** A field of InferTensorContents that carries another datatype. */
export function otherField({ field }: DatatypeFacts): { readonly name: string; readonly value: unknown } {
  return field === "fp32_contents" ? { name: "fp64_contents", value: 1 } : { name: "fp32_contents", value: 1 };
}

type Write = (view: DataView, at: number, value: number) => void;

function fixed(sizeBytes: number, values: readonly number[], write: Write): Buffer {
  const bytes = Buffer.alloc(sizeBytes * values.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const [index, value] of values.entries()) write(view, index * sizeBytes, value);
  return bytes;
}

interface WholeNumber {
  readonly name: string;
  readonly field: string;
  readonly sizeBytes: 1 | 2 | 4;
  readonly values: readonly number[];
  readonly write: Write;
}

function wholeNumber({ name, field, sizeBytes, values, write }: WholeNumber): DatatypeFacts {
  const [lowest = 0] = values;
  const highest = values.at(-1) ?? 0;
  const beyond = [lowest - 1, highest + 1];
  return {
    name,
    field,
    values,
    bytes: fixed(sizeBytes, values, write),
    outOfRange: [...beyond.map(String), "1.5"],
    typedOutOfRange: sizeBytes < 4 ? beyond.filter((value) => field === "int_contents" || value >= 0) : [],
  };
}

function bytesElements(values: readonly string[]): Buffer {
  return Buffer.concat(
    values.map((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return Buffer.concat([length, bytes]);
    }),
  );
}

const none = { outOfRange: [], typedOutOfRange: [] } as const;
const texts = ["", "a", "Grüße", "日本", "a\u0000b", "x".repeat(300)];

/** Every datatype of the protocol, BF16 included. */
export const datatypeFacts: readonly DatatypeFacts[] = [
  { name: "BOOL", field: "bool_contents", values: [true, false, true], bytes: Buffer.from([1, 0, 1]), ...none },
  wholeNumber({ name: "UINT8", field: "uint_contents", sizeBytes: 1, values: [0, 7, 255], write: (v, at, x) => v.setUint8(at, x) }),
  wholeNumber({
    name: "UINT16",
    field: "uint_contents",
    sizeBytes: 2,
    values: [0, 7, 65_535],
    write: (v, at, x) => v.setUint16(at, x, true),
  }),
  wholeNumber({
    name: "UINT32",
    field: "uint_contents",
    sizeBytes: 4,
    values: [0, 7, 4_294_967_295],
    write: (v, at, x) => v.setUint32(at, x, true),
  }),
  {
    name: "UINT64",
    field: "uint64_contents",
    values: [0, 7, Number.MAX_SAFE_INTEGER],
    bytes: fixed(8, [0, 7, Number.MAX_SAFE_INTEGER], (v, at, x) => v.setBigUint64(at, BigInt(x), true)),
    outOfRange: ["-1", "18446744073709551616", "1.5"],
    typedOutOfRange: [],
  },
  wholeNumber({ name: "INT8", field: "int_contents", sizeBytes: 1, values: [-128, 0, 127], write: (v, at, x) => v.setInt8(at, x) }),
  wholeNumber({
    name: "INT16",
    field: "int_contents",
    sizeBytes: 2,
    values: [-32_768, 0, 32_767],
    write: (v, at, x) => v.setInt16(at, x, true),
  }),
  wholeNumber({
    name: "INT32",
    field: "int_contents",
    sizeBytes: 4,
    values: [-2_147_483_648, 0, 2_147_483_647],
    write: (v, at, x) => v.setInt32(at, x, true),
  }),
  {
    name: "INT64",
    field: "int64_contents",
    values: [Number.MIN_SAFE_INTEGER, 0, Number.MAX_SAFE_INTEGER],
    bytes: fixed(8, [Number.MIN_SAFE_INTEGER, 0, Number.MAX_SAFE_INTEGER], (v, at, x) => v.setBigInt64(at, BigInt(x), true)),
    outOfRange: ["9223372036854775808", "-9223372036854775809", "1.5"],
    typedOutOfRange: [],
  },
  // 1, -2 and 0.5 in IEEE 754 binary16 and in the upper half of binary32.
  { name: "FP16", values: [1, -2, 0.5], bytes: Buffer.from([0x00, 0x3c, 0x00, 0xc0, 0x00, 0x38]), ...none },
  {
    name: "BF16",
    ours: "BF16 is in the text of the protocol, and not in its table",
    values: [1, -2, 0.5],
    bytes: Buffer.from([0x80, 0x3f, 0x00, 0xc0, 0x00, 0x3f]),
    ...none,
  },
  {
    name: "FP32",
    field: "fp32_contents",
    values: [0.5, -1.25, 16_777_216],
    bytes: fixed(4, [0.5, -1.25, 16_777_216], (v, at, x) => v.setFloat32(at, x, true)),
    ...none,
  },
  {
    name: "FP64",
    field: "fp64_contents",
    values: [0.1, -1e300, 5e-324],
    bytes: fixed(8, [0.1, -1e300, 5e-324], (v, at, x) => v.setFloat64(at, x, true)),
    ...none,
  },
  { name: "BYTES", field: "bytes_contents", values: texts, bytes: bytesElements(texts), ...none },
];
