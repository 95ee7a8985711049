/**
 * HPACK encoding (RFC 7541). Stable fields enter the dynamic table until it is full and nothing is ever evicted, so indexes and the peer's
 * table settle after a few requests and the peer's memo of blocks holds; fields that differ from request to request stay out of the table.
 */
import type { Field } from "../message/fields.ts";
import { entrySize } from "./decoder-table.ts";
import { huffmanEncode, huffmanLength } from "./huffman.ts";
import { staticNames, staticTable } from "./static-table.ts";

/** Names whose values seldom repeat. */
const volatileNames: ReadonlySet<string> = new Set(
  [
    ["grpc-timeout", "traceparent", "tracestate", "x-request-id", "x-b3-traceid", "x-b3-spanid", "content-length", "content-range"],
    ["date", "age", "etag", "if-match", "if-none-match", "if-modified-since", "last-modified", "range", "location"],
    ["grpc-message", "grpc-status-details-bin", "inference-header-content-length"],
  ].flat(),
);

/** Names whose values are secret: never put into any table on the way (RFC 7541 §7.1.3). */
const secretNames: ReadonlySet<string> = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie"]);

/** Values longer than this would take too large a share of the table. */
const longestIndexedValue = 512;
const ownTableBytes = 4096;

/** Encodes the blocks of one connection, in order. */
export class HpackEncoder {
  #out: Buffer = Buffer.allocUnsafe(512);
  #at = 0;
  #maxTableBytes: number;
  #tableBytes = 0;
  #insertions = 0;
  readonly #inserted = new Map<string, Map<string, number>>();
  #announcesSize = false;

  /** `maxTableBytes` 0 makes blocks that do not depend on the connection. */
  constructor(maxTableBytes: number = ownTableBytes) {
    this.#maxTableBytes = maxTableBytes;
  }

  /** Takes over the peer's SETTINGS_HEADER_TABLE_SIZE; the next block says so. */
  limitTable(peerMaxBytes: number): void {
    const maxBytes = Math.min(peerMaxBytes, ownTableBytes);
    if (maxBytes === this.#maxTableBytes) return;
    this.#maxTableBytes = maxBytes;
    this.#tableBytes = 0;
    this.#inserted.clear();
    this.#announcesSize = true;
  }

  /** Whether the next block must begin with a size update, so that a stateless block cannot go before it. */
  get mustAnnounceSize(): boolean {
    return this.#announcesSize;
  }

  /** Starts a block. */
  begin(): void {
    this.#at = 0;
    if (!this.#announcesSize) return;
    this.#announcesSize = false;
    // Size 0 first empties the peer's table, as ours was emptied.
    this.#writeInteger(0x20, 5, 0);
    this.#writeInteger(0x20, 5, this.#maxTableBytes);
  }

  /** Ends the block; the bytes are valid until the next one is begun. */
  end(): Buffer {
    return this.#out.subarray(0, this.#at);
  }

  /** A whole block of `fields`. */
  encode(fields: readonly Field[]): Buffer {
    this.begin();
    for (const field of fields) this.add(field[0], field[1]);
    return this.end();
  }

  add(name: string, value: string): void {
    const known = staticNames.get(name);
    const whole = known?.byValue.get(value) ?? this.#dynamicIndex(name, value);
    if (whole !== undefined) this.#writeInteger(0x80, 7, whole);
    else if (secretNames.has(name)) this.#writeLiteral(0x10, name, value);
    else if (volatileNames.has(name) || !this.#hasRoom(name, value)) this.#writeLiteral(0x00, name, value);
    else this.#insert(name, value);
  }

  /** Adds a field that is not to enter any table of this connection. */
  addVolatile(name: string, value: string): void {
    this.#writeLiteral(secretNames.has(name) ? 0x10 : 0x00, name, value);
  }

  #dynamicIndex(name: string, value: string): number | undefined {
    const order = this.#inserted.get(name)?.get(value);
    return order === undefined ? undefined : staticTable.length + this.#insertions - order;
  }

  #hasRoom(name: string, value: string): boolean {
    return value.length <= longestIndexedValue && this.#tableBytes + entrySize(name, value) <= this.#maxTableBytes;
  }

  #insert(name: string, value: string): void {
    this.#writeLiteral(0x40, name, value);
    this.#tableBytes += entrySize(name, value);
    const values = this.#inserted.get(name) ?? new Map<string, number>();
    values.set(value, this.#insertions++);
    this.#inserted.set(name, values);
  }

  #writeLiteral(pattern: number, name: string, value: string): void {
    const nameIndex = staticNames.get(name)?.index ?? 0;
    const prefixBits = pattern === 0x40 ? 6 : 4;
    this.#writeInteger(pattern, prefixBits, nameIndex);
    if (nameIndex === 0) this.#writeString(name, true);
    // What is sent once is not worth compressing; what enters a table or a prepared block is.
    this.#writeString(value, pattern === 0x40 || this.#maxTableBytes === 0);
  }

  #writeString(text: string, compress: boolean): void {
    const length = text.length;
    if (compress) {
      const bytes = Buffer.from(text, "latin1");
      const packed = huffmanLength(bytes);
      if (packed < length) {
        this.#writeInteger(0x80, 7, packed);
        this.#reserve(packed);
        this.#at = huffmanEncode(bytes, this.#out, this.#at);
        return;
      }
    }
    this.#writeInteger(0x00, 7, length);
    this.#reserve(length);
    this.#at += this.#out.write(text, this.#at, "latin1");
  }

  #writeInteger(pattern: number, prefixBits: number, value: number): void {
    this.#reserve(8);
    const mask = (1 << prefixBits) - 1;
    if (value < mask) {
      this.#out[this.#at++] = pattern | value;
      return;
    }
    this.#out[this.#at++] = pattern | mask;
    let rest = value - mask;
    for (; rest >= 128; rest >>>= 7) this.#out[this.#at++] = (rest & 0x7f) | 0x80;
    this.#out[this.#at++] = rest;
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#out.length) return;
    const larger = Buffer.allocUnsafe((this.#at + length) * 2);
    this.#out.copy(larger, 0, 0, this.#at);
    this.#out = larger;
  }
}

/** A block of `fields` that means the same on every connection. */
export function statelessBlock(fields: readonly Field[]): Buffer {
  return Buffer.from(new HpackEncoder(0).encode(fields));
}
