/** The scalar types of protobuf: how each is read, measured and written. One row a type; messages are built from rows of this table. */
import { type ProtoReader, wireDelimited, wireFixed32, wireFixed64, wireVarint } from "./proto-reader.ts";
import { foldSign, type ProtoWriter, sizeOfDelimited, sizeOfInt32, sizeOfInt64, sizeOfSafeInt64, sizeOfUint32 } from "./proto-writer.ts";

/** Values in memory by type. 64-bit types are exact bigints; `safeInt64` and `safeUint64` are the same bytes as numbers, refused beyond 2^53. */
export interface ScalarValues {
  readonly double: number;
  readonly float: number;
  readonly int32: number;
  readonly uint32: number;
  readonly sint32: number;
  readonly fixed32: number;
  readonly sfixed32: number;
  /** Any number is accepted: enums are open. */
  readonly enum: number;
  readonly int64: bigint;
  readonly uint64: bigint;
  readonly sint64: bigint;
  readonly fixed64: bigint;
  readonly sfixed64: bigint;
  readonly safeInt64: number;
  readonly safeUint64: number;
  readonly bool: boolean;
  readonly string: string;
  /** A view of the message that was read. */
  readonly bytes: Uint8Array;
}

/** Name of a scalar type. */
export type ScalarType = keyof ScalarValues;

/** One row of the table. Methods, not properties: rows of different value types are held together. */
export interface ScalarCodec<V> {
  readonly wire: number;
  /** Value of an absent field with implicit presence (proto3). */
  readonly zero: V;
  read(reader: ProtoReader): V;
  /** Bytes without the tag. */
  size(value: V): number;
  write(writer: ProtoWriter, value: V): void;
}

type Scalars = { readonly [S in ScalarType]: ScalarCodec<ScalarValues[S]> };

const noBytes = new Uint8Array(0);

/** Every scalar type. */
export const scalars: Scalars = {
  double: { wire: wireFixed64, zero: 0, read: (r) => r.double(), size: () => 8, write: (w, v) => w.double(v) },
  float: { wire: wireFixed32, zero: 0, read: (r) => r.float(), size: () => 4, write: (w, v) => w.float(v) },
  int32: { wire: wireVarint, zero: 0, read: (r) => r.int32(), size: sizeOfInt32, write: (w, v) => w.int32(v) },
  uint32: { wire: wireVarint, zero: 0, read: (r) => r.uint32(), size: sizeOfUint32, write: (w, v) => w.uint32(v) },
  sint32: {
    wire: wireVarint,
    zero: 0,
    read: (r) => r.sint32(),
    size: (v) => sizeOfUint32(((v << 1) ^ (v >> 31)) >>> 0),
    write: (w, v) => w.sint32(v),
  },
  fixed32: { wire: wireFixed32, zero: 0, read: (r) => r.fixed32(), size: () => 4, write: (w, v) => w.fixed32(v) },
  sfixed32: { wire: wireFixed32, zero: 0, read: (r) => r.sfixed32(), size: () => 4, write: (w, v) => w.sfixed32(v) },
  enum: { wire: wireVarint, zero: 0, read: (r) => r.int32(), size: sizeOfInt32, write: (w, v) => w.int32(v) },
  int64: { wire: wireVarint, zero: 0n, read: (r) => r.int64(), size: sizeOfInt64, write: (w, v) => w.int64(v) },
  uint64: { wire: wireVarint, zero: 0n, read: (r) => r.uint64(), size: sizeOfInt64, write: (w, v) => w.int64(v) },
  sint64: { wire: wireVarint, zero: 0n, read: (r) => r.sint64(), size: (v) => sizeOfInt64(foldSign(v)), write: (w, v) => w.sint64(v) },
  fixed64: { wire: wireFixed64, zero: 0n, read: (r) => r.fixed64(), size: () => 8, write: (w, v) => w.fixed64(v) },
  sfixed64: { wire: wireFixed64, zero: 0n, read: (r) => r.sfixed64(), size: () => 8, write: (w, v) => w.sfixed64(v) },
  safeInt64: { wire: wireVarint, zero: 0, read: (r) => r.safeInt64(), size: sizeOfSafeInt64, write: (w, v) => w.safeInt64(v) },
  safeUint64: { wire: wireVarint, zero: 0, read: (r) => r.safeUint64(), size: sizeOfSafeInt64, write: (w, v) => w.safeInt64(v) },
  bool: { wire: wireVarint, zero: false, read: (r) => r.bool(), size: () => 1, write: (w, v) => w.bool(v) },
  string: {
    wire: wireDelimited,
    zero: "",
    read: (r) => r.string(),
    size: (v) => sizeOfDelimited(Buffer.byteLength(v)),
    write: (w, v) => w.string(v),
  },
  bytes: {
    wire: wireDelimited,
    zero: noBytes,
    read: (r) => r.bytes(),
    size: (v) => sizeOfDelimited(v.length),
    write: (w, v) => w.bytes(v),
  },
};
