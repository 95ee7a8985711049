/**
 * HPACK decoding (RFC 7541). Budget: below 1 µs for a block of ten fields; blocks that repeat do not come here (see `BlockMemo`).
 * A malformed block is a connection error, since the table can no longer be trusted; a list beyond the limit is decoded to the end to keep
 * the table right, and its fields are dropped.
 */
import type { Field } from "../message/fields.ts";
import { DecoderTable, entrySize } from "./decoder-table.ts";
import { HuffmanDecoder } from "./huffman.ts";
import { staticTable } from "./static-table.ts";

/** Result of decoding a block. */
export interface DecodedFields {
  readonly fields: readonly Field[];
  /** The list was larger than allowed; `fields` is what came before. */
  readonly isTooLarge: boolean;
}

/** A block that breaks RFC 7541; the connection ends with COMPRESSION_ERROR. Never leaves this package. */
export class HpackFault extends Error {}

const staticLength = staticTable.length;

/** Decodes the blocks of one connection, in order. */
export class HpackDecoder {
  readonly #table: DecoderTable;
  readonly #announcedBytes: number;
  readonly #maxListBytes: number;
  readonly #huffman = new HuffmanDecoder();
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  /** `announcedBytes`: the SETTINGS_HEADER_TABLE_SIZE the peer was told; `maxListBytes`: limit on a decoded list (RFC 9113 §6.5.2). */
  constructor(announcedBytes: number, maxListBytes: number) {
    this.#table = new DecoderTable(announcedBytes);
    this.#announcedBytes = announcedBytes;
    this.#maxListBytes = maxListBytes;
  }

  /** Changes whenever the meaning of a block may have changed. */
  get generation(): number {
    return this.#table.generation;
  }

  /** Bytes the dynamic table counts for now. */
  get tableBytes(): number {
    return this.#table.sizeBytes;
  }

  decode(block: Buffer): DecodedFields {
    this.#bytes = block;
    this.#at = 0;
    this.#readSizeUpdates();
    const fields: Field[] = [];
    let listBytes = 0;
    while (this.#at < block.length) {
      const field = this.#readField();
      listBytes += entrySize(field[0], field[1]);
      if (listBytes <= this.#maxListBytes) fields.push(field);
    }
    return { fields, isTooLarge: listBytes > this.#maxListBytes };
  }

  /** Size updates come first in a block or not at all (RFC 7541 §4.2). */
  #readSizeUpdates(): void {
    while (((this.#bytes[this.#at] ?? 0) & 0xe0) === 0x20) {
      const sizeBytes = this.#readInteger(5);
      if (sizeBytes > this.#announcedBytes) throw new HpackFault(`table size ${sizeBytes} above ${this.#announcedBytes}`);
      this.#table.resize(sizeBytes);
    }
  }

  #readField(): Field {
    const first = this.#bytes[this.#at] ?? 0;
    if (first & 0x80) return this.#entry(this.#readInteger(7));
    if (first & 0x40) {
      const field = this.#readLiteral(6);
      this.#table.add(field);
      return field;
    }
    if (first & 0x20) throw new HpackFault("table size update after a field");
    return this.#readLiteral(4);
  }

  #readLiteral(prefixBits: number): Field {
    const nameIndex = this.#readInteger(prefixBits);
    const name = nameIndex === 0 ? this.#readString() : this.#entry(nameIndex)[0];
    return [name, this.#readString()];
  }

  #entry(index: number): Field {
    const field = index <= staticLength ? staticTable[index - 1] : this.#table.at(index - staticLength - 1);
    if (!field) throw new HpackFault(`no table entry ${index}`);
    return field;
  }

  #readString(): string {
    const isHuffman = ((this.#bytes[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#readInteger(7);
    const start = this.#at;
    const end = start + length;
    if (end > this.#bytes.length) throw new HpackFault("string beyond the end of the block");
    this.#at = end;
    if (!isHuffman) return this.#bytes.toString("latin1", start, end);
    const text = this.#huffman.decode(this.#bytes, start, end);
    if (text === undefined) throw new HpackFault("invalid Huffman code");
    return text;
  }

  /** RFC 7541 §5.1; values above 2^28 serve no purpose and are refused. */
  #readInteger(prefixBits: number): number {
    const bytes = this.#bytes;
    if (this.#at >= bytes.length) throw new HpackFault("block ends within a field");
    const mask = (1 << prefixBits) - 1;
    let value = (bytes[this.#at++] ?? 0) & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#at >= bytes.length) throw new HpackFault("block ends within an integer");
      const byte = bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value;
    }
    throw new HpackFault("integer too large");
  }
}
