/**
 * Reads the protobuf wire format from bytes in memory, without copying and without an allocation per field.
 *
 * Invariants: `position <= end <= bytes.length`; nothing beyond `end` is ever read, so a nested message cannot reach into its parent;
 * every malformed input fails with `PROTOBUF_INVALID`. Groups are refused: no protocol spoken here has them.
 *
 * Source: protobuf.dev/programming-guides/encoding.
 */
import { isUtf8 } from "node:buffer";
import { failure, type PlatformError } from "@modelyard/core";

/** Wire types: how the bytes after a tag are delimited. */
export const wireVarint = 0;
export const wireFixed64 = 1;
export const wireDelimited = 2;
export const wireFixed32 = 5;

/** Deepest nesting of messages that is followed, as in the protobuf libraries. */
export const maxMessageDepth = 100;

const two32 = 2 ** 32;

/** A cursor over one message. The caller asks for a tag, then for the value or `skip`, until {@link ProtoReader.isAtEnd}. */
export class ProtoReader {
  /** What is read; views that {@link ProtoReader.bytes} gives share its memory. */
  readonly source: Uint8Array;
  #text: Buffer | undefined;
  #view: DataView | undefined;
  #position: number;
  #end: number;
  #depth = 0;
  // The two halves of the last varint: a pair of numbers instead of a bigint per value.
  #low = 0;
  #high = 0;

  /** Reads `source` from `start` (default 0) to `end` (default its length). */
  constructor(source: Uint8Array, start = 0, end: number = source.length) {
    this.source = source;
    this.#position = start;
    this.#end = end;
  }

  /** Offset of the next byte in {@link ProtoReader.source}. */
  get position(): number {
    return this.#position;
  }

  /** Offset after the message being read. */
  get end(): number {
    return this.#end;
  }

  /** Whether the message being read is finished. */
  get isAtEnd(): boolean {
    return this.#position >= this.#end;
  }

  /** The next tag: field number x 8 + wire type. */
  tag(): number {
    const start = this.#position;
    this.#varint();
    const tag = this.#low >>> 0;
    const wire = tag & 7;
    if (this.#high !== 0 || tag < 8) throw this.#fail(`the field number of the tag must be between 1 and ${2 ** 29 - 1}`, start);
    if (wire === 3 || wire === 4) throw this.#fail(`field ${tag >>> 3} is a group, which is not supported`, start);
    if (wire > 5) throw this.#fail(`field ${tag >>> 3} has the unknown wire type ${wire}`, start);
    return tag;
  }

  /** Moves past the value of `tag`. */
  skip(tag: number): void {
    const wire = tag & 7;
    if (wire === wireVarint) this.#varint();
    else if (wire === wireFixed64) this.#advance(8);
    else if (wire === wireFixed32) this.#advance(4);
    else this.#advance(this.#length());
  }

  int32(): number {
    this.#varint();
    return this.#low | 0;
  }

  uint32(): number {
    this.#varint();
    return this.#low >>> 0;
  }

  sint32(): number {
    this.#varint();
    return (this.#low >>> 1) ^ -(this.#low & 1);
  }

  bool(): boolean {
    this.#varint();
    return this.#low !== 0 || this.#high !== 0;
  }

  int64(): bigint {
    this.#varint();
    return this.#high === 0 ? BigInt(this.#low >>> 0) : (BigInt(this.#high) << 32n) | BigInt(this.#low >>> 0);
  }

  uint64(): bigint {
    this.#varint();
    return this.#high === 0 ? BigInt(this.#low >>> 0) : (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low >>> 0);
  }

  sint64(): bigint {
    const folded = this.uint64();
    return (folded >> 1n) ^ -(folded & 1n);
  }

  /** An `int64` as a number; fails beyond ±(2^53 - 1) instead of rounding. */
  safeInt64(): number {
    const start = this.#position;
    this.#varint();
    return this.#safe(this.#high * two32 + (this.#low >>> 0), start);
  }

  /** A `uint64` as a number; fails beyond 2^53 - 1 instead of rounding. */
  safeUint64(): number {
    const start = this.#position;
    this.#varint();
    return this.#safe((this.#high >>> 0) * two32 + (this.#low >>> 0), start);
  }

  fixed32(): number {
    return this.#data().getUint32(this.#advance(4), true);
  }

  sfixed32(): number {
    return this.#data().getInt32(this.#advance(4), true);
  }

  fixed64(): bigint {
    return this.#data().getBigUint64(this.#advance(8), true);
  }

  sfixed64(): bigint {
    return this.#data().getBigInt64(this.#advance(8), true);
  }

  float(): number {
    return this.#data().getFloat32(this.#advance(4), true);
  }

  double(): number {
    return this.#data().getFloat64(this.#advance(8), true);
  }

  /** A view of the value, which shares memory with {@link ProtoReader.source}. */
  bytes(): Uint8Array {
    const length = this.#length();
    const start = this.#advance(length);
    return this.source.subarray(start, start + length);
  }

  /** UTF-8 text; invalid sequences are refused, never replaced. */
  string(): string {
    const length = this.#length();
    const start = this.#advance(length);
    if (length === 0) return "";
    const text = this.#textSource().toString("utf8", start, start + length);
    if (text.includes("\uFFFD") && !isUtf8(this.source.subarray(start, start + length))) throw this.#fail("a text is not UTF-8", start);
    return text;
  }

  /** Enters a length-delimited value, a message or a packed list; returns what {@link ProtoReader.leave} needs. */
  enter(): number {
    const start = this.#position;
    const length = this.#length();
    if (length > this.#end - this.#position) throw this.#truncated();
    if (++this.#depth > maxMessageDepth) throw this.#fail(`messages are nested deeper than ${maxMessageDepth}`, start);
    const outerEnd = this.#end;
    this.#end = this.#position + length;
    return outerEnd;
  }

  /** Leaves what {@link ProtoReader.enter} entered, wherever the cursor stands in it. */
  leave(outerEnd: number): void {
    this.#position = this.#end;
    this.#end = outerEnd;
    this.#depth--;
  }

  /** The error for a value that is well formed but not acceptable here. */
  invalid(why: string): PlatformError {
    return this.#fail(why, this.#position);
  }

  #length(): number {
    const start = this.#position;
    this.#varint();
    if (this.#high !== 0) throw this.#fail("a length exceeds 4 GiB", start);
    return this.#low >>> 0;
  }

  #advance(length: number): number {
    const start = this.#position;
    if (length > this.#end - start) throw this.#truncated();
    this.#position = start + length;
    return start;
  }

  #byte(): number {
    if (this.#position >= this.#end) throw this.#truncated();
    return this.source[this.#position++] ?? 0;
  }

  #varint(): void {
    let byte = this.#byte();
    let low = byte & 0x7f;
    let high = 0;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      if (shift > 63) throw this.#fail("a varint is longer than 10 bytes", this.#position);
      byte = this.#byte();
      if (shift < 32) low |= (byte & 0x7f) << shift;
      if (shift === 28) high = (byte & 0x7f) >>> 4;
      else if (shift > 28) high |= (byte & 0x7f) << (shift - 32);
    }
    this.#low = low;
    this.#high = high;
  }

  #safe(value: number, start: number): number {
    if (!Number.isSafeInteger(value)) throw this.#fail("a 64-bit integer lies beyond 2^53, which is not supported here", start);
    return value;
  }

  #data(): DataView {
    this.#view ??= new DataView(this.source.buffer, this.source.byteOffset, this.source.byteLength);
    return this.#view;
  }

  #textSource(): Buffer {
    this.#text ??= Buffer.from(this.source.buffer, this.source.byteOffset, this.source.byteLength);
    return this.#text;
  }

  #truncated(): PlatformError {
    return this.#fail("the message ends in the middle of a value", this.#position);
  }

  #fail(why: string, offset: number): PlatformError {
    return failure("PROTOBUF_INVALID", { why, offset });
  }
}
