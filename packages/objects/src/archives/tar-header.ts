/** The 512-byte header of a tar member: ustar (POSIX.1-1988), GNU (`ustar  `) or older than both. */
import { type ArchiveSubject, damaged, quoted } from "./archive-refusal.ts";

/** Bytes of a header, and what everything is padded to. */
export const tarBlockBytes = 512;

/** A header as it stands. */
export interface TarHeader {
  /** One character; `0` for what older archives leave NUL. */
  readonly type: string;
  readonly name: Buffer;
  readonly linkName: Buffer;
  readonly sizeBytes: number;
}

/** Whether a block is a header: by magic and checksum. */
export function isTarHeader(block: Buffer): boolean {
  return block.byteLength >= tarBlockBytes && block.toString("latin1", 257, 262) === "ustar" && hasChecksum(block);
}

/** Reads a header. */
export function parseTarHeader(subject: ArchiveSubject, block: Buffer): TarHeader {
  if (!hasChecksum(block)) throw damaged(subject, "a tar header has another checksum than it declares");
  const short = untilNul(block.subarray(0, 100));
  const type = block[156] === 0 ? "0" : String.fromCharCode(block[156] ?? 0);
  const sizeBytes = numberOf(block.subarray(124, 136));
  if (sizeBytes === undefined)
    throw damaged(subject, `the tar header of ${quoted(short.toString("latin1"))} declares a length that is no number`);
  const isUstar = block.toString("latin1", 257, 263) === "ustar\0";
  const prefix = isUstar ? untilNul(block.subarray(345, 500)) : Buffer.alloc(0);
  const name = prefix.byteLength === 0 ? short : Buffer.concat([prefix, Buffer.from("/"), short]);
  return { type, name, linkName: untilNul(block.subarray(157, 257)), sizeBytes };
}

/** The sum of all bytes with the field itself as spaces; some old writers summed signed bytes. */
function hasChecksum(block: Buffer): boolean {
  const declared = octal(block.toString("latin1", 148, 156));
  let unsigned = 0;
  let signed = 0;
  for (let index = 0; index < tarBlockBytes; index++) {
    const byte = index >= 148 && index < 156 ? 0x20 : (block[index] ?? 0);
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  return declared === unsigned || declared === signed;
}

function untilNul(field: Buffer): Buffer {
  const end = field.indexOf(0);
  return end < 0 ? field : field.subarray(0, end);
}

/** Octal text, or GNU's base 256 for lengths beyond 8 GiB; undefined when it is neither, negative, or beyond what counts exactly. */
function numberOf(field: Buffer): number | undefined {
  if (((field[0] ?? 0) & 0x80) === 0) return octal(field.toString("latin1"));
  if (field[0] !== 0x80) return undefined;
  const value = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
  return Number.isSafeInteger(value) ? value : undefined;
}

function octal(text: string): number | undefined {
  const digits = /^ *([0-7]+)[ \0]*$/.exec(text)?.[1];
  if (digits !== undefined) return Number.parseInt(digits, 8);
  return /^[ \0]*$/.test(text) ? 0 : undefined;
}
