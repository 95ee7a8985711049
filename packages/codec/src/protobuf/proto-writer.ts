/**
 * Writes the protobuf wire format into one buffer of the exact size: the caller adds up the `sizeOf…` of everything first.
 *
 * Invariant: the writer never grows or copies its buffer; writing past its end is a defect of the caller's size computation.
 */
import { assert } from "@modelyard/core";

const two32 = 2 ** 32;

/** Bytes of an unsigned 32-bit varint (tags, lengths, `uint32`). */
export function sizeOfUint32(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}

/** Bytes of an `int32` or enum: negative numbers take ten. */
export function sizeOfInt32(value: number): number {
  return value < 0 ? 10 : sizeOfUint32(value);
}

/** Bytes of an `int64` or `uint64`. */
export function sizeOfInt64(value: bigint): number {
  let rest = BigInt.asUintN(64, value);
  let size = 1;
  for (; rest >= 0x80n; rest >>= 7n) size++;
  return size;
}

/** Bytes of an `int64` or `uint64` given as a safe integer. */
export function sizeOfSafeInt64(value: number): number {
  if (value < 0) return 10;
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

/** Bytes of a length-delimited value with its length in front. */
export function sizeOfDelimited(length: number): number {
  return sizeOfUint32(length) + length;
}

/** A cursor that fills a buffer. */
export class ProtoWriter {
  /** What is filled. */
  readonly target: Uint8Array;
  readonly #text: Buffer;
  readonly #view: DataView;
  #position: number;

  /** Fills `target` from `start` (default 0). */
  constructor(target: Uint8Array, start = 0) {
    this.target = target;
    this.#text = Buffer.from(target.buffer, target.byteOffset, target.byteLength);
    this.#view = new DataView(target.buffer, target.byteOffset, target.byteLength);
    this.#position = start;
  }

  /** Offset of the next byte. */
  get position(): number {
    return this.#position;
  }

  /** Field number x 8 + wire type. */
  tag(tag: number): void {
    this.uint32(tag);
  }

  uint32(value: number): void {
    let rest = value >>> 0;
    for (; rest >= 0x80; rest >>>= 7) this.#byte((rest & 0x7f) | 0x80);
    this.#byte(rest);
  }

  int32(value: number): void {
    if (value >= 0) this.uint32(value);
    else this.#halves(value >>> 0, 0xffffffff);
  }

  sint32(value: number): void {
    this.uint32(((value << 1) ^ (value >> 31)) >>> 0);
  }

  bool(value: boolean): void {
    this.#byte(value ? 1 : 0);
  }

  /** `int64` or `uint64`. */
  int64(value: bigint): void {
    const unsigned = BigInt.asUintN(64, value);
    this.#halves(Number(unsigned & 0xffffffffn), Number(unsigned >> 32n));
  }

  sint64(value: bigint): void {
    this.int64(foldSign(value));
  }

  /** `int64` or `uint64` from a safe integer. */
  safeInt64(value: number): void {
    assert(Number.isSafeInteger(value), "a 64-bit field given as a number is a safe integer");
    const high = Math.floor(value / two32);
    this.#halves(value - high * two32, high >>> 0);
  }

  fixed32(value: number): void {
    this.#view.setUint32(this.#advance(4), value, true);
  }

  sfixed32(value: number): void {
    this.#view.setInt32(this.#advance(4), value, true);
  }

  fixed64(value: bigint): void {
    this.#view.setBigUint64(this.#advance(8), value, true);
  }

  sfixed64(value: bigint): void {
    this.#view.setBigInt64(this.#advance(8), value, true);
  }

  float(value: number): void {
    this.#view.setFloat32(this.#advance(4), value, true);
  }

  double(value: number): void {
    this.#view.setFloat64(this.#advance(8), value, true);
  }

  /** A length and the bytes. */
  bytes(value: Uint8Array): void {
    this.uint32(value.length);
    this.raw(value);
  }

  /** Bytes as they are, without a length. */
  raw(value: Uint8Array): void {
    this.target.set(value, this.#advance(value.length));
  }

  /** Continues at `position`: what lies before it was written straight into {@link ProtoWriter.target}. */
  advanceTo(position: number): void {
    this.#advance(position - this.#position);
  }

  /** A length and UTF-8 text. */
  string(value: string): void {
    const length = Buffer.byteLength(value);
    this.uint32(length);
    this.#text.write(value, this.#advance(length), length, "utf8");
  }

  #halves(low: number, high: number): void {
    let rest = low >>> 0;
    let top = high >>> 0;
    while (top !== 0) {
      this.#byte((rest & 0x7f) | 0x80);
      rest = ((rest >>> 7) | (top << 25)) >>> 0;
      top >>>= 7;
    }
    this.uint32(rest);
  }

  #byte(value: number): void {
    this.target[this.#position++] = value;
  }

  #advance(length: number): number {
    const start = this.#position;
    assert(start + length <= this.target.length, "the buffer of a protobuf message has its computed size");
    this.#position = start + length;
    return start;
  }
}

/** Zigzag: small numbers of either sign become small unsigned numbers. */
export function foldSign(value: bigint): bigint {
  return BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
}
