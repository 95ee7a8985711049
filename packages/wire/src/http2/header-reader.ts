/**
 * Puts header blocks together from HEADERS and CONTINUATION frames (RFC 9113 §4.3) and decodes them, or remembers what they decode to.
 *
 * Hot path. Budget: 0.02 µs a block that is the same as the one before, 0.1 µs one that came earlier: its bytes become a key that has to be hashed.
 */
import { HpackDecoder, HpackFault } from "../hpack/decoder.ts";
import type { Field, Fields } from "../message/fields.ts";
import { HeadMemo, type HeadMemoLimits } from "../socket/head-memo.ts";
import type { Frame } from "./frame-reader.ts";
import { frameFlag, Http2Fault } from "./protocol.ts";

/** A decoded block. The same object returns when the same bytes repeat. */
export class HeaderBlock {
  /** Pseudo-fields included. */
  readonly fields: readonly Field[];
  readonly isTooLarge: boolean;
  /** What the receiver made of it as a head. */
  parsed: unknown = undefined;
  /** What the receiver made of it as trailers: the same bytes may come in both places. */
  parsedTrailers: Fields | undefined = undefined;

  constructor(fields: readonly Field[], isTooLarge: boolean) {
    this.fields = fields;
    this.isTooLarge = isTooLarge;
  }
}

/** Limits of a {@link HeaderReader}. */
export interface HeaderLimits extends HeadMemoLimits {
  readonly maxHeaderBytes: number;
}

/** Size of our dynamic table, the standard's default, so that it needs no announcement. */
const decoderTableBytes = 4096;

const maxContinuations = 16;
/** So many blocks in a row that were not known, and not every one is remembered any more. */
const keptUnknown = 32;
const nothing: Buffer = Buffer.alloc(0);

/** Reads the header blocks of one connection. */
export class HeaderReader {
  readonly #limits: HeaderLimits;
  readonly #decoder: HpackDecoder;
  readonly #memo: HeadMemo<HeaderBlock>;
  #memoGeneration = 0;
  /** The block that came last of those that were known, and its bytes. */
  #last: HeaderBlock | undefined;
  #lastBytes: Uint8Array = nothing;
  #unknownInARow = 0;
  #openStreamId = 0;
  #opensWithEnd = false;
  #parts: Buffer[] = [];
  #partsBytes = 0;

  constructor(limits: HeaderLimits) {
    this.#limits = limits;
    this.#decoder = new HpackDecoder(decoderTableBytes, limits.maxHeaderBytes);
    this.#memo = new HeadMemo(limits);
  }

  /** Stream whose block is not complete; 0 = none. Only its CONTINUATION may follow. */
  get openStreamId(): number {
    return this.#openStreamId;
  }

  /** Whether the HEADERS frame of the last block carried END_STREAM. */
  get endsStream(): boolean {
    return this.#opensWithEnd;
  }

  /** Takes a HEADERS frame; the block when it is complete. */
  headers(frame: Frame): HeaderBlock | undefined {
    this.#opensWithEnd = (frame.flags & frameFlag.endStream) !== 0;
    const fragment = headerFragment(frame);
    if (frame.flags & frameFlag.endHeaders) return this.#decode(fragment);
    this.#openStreamId = frame.streamId;
    this.#keep(fragment);
    return undefined;
  }

  /** Takes a CONTINUATION frame; the block when it is complete. */
  continuation(frame: Frame): HeaderBlock | undefined {
    this.#keep(frame.payload);
    if ((frame.flags & frameFlag.endHeaders) === 0) return undefined;
    const block = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partsBytes = 0;
    this.#openStreamId = 0;
    return this.#decode(block);
  }

  #keep(fragment: Buffer): void {
    this.#partsBytes += fragment.length;
    this.#parts.push(Buffer.from(fragment));
    // The encoded form is hardly ever larger than the decoded one: twice the limit on that is a flood.
    if (this.#partsBytes > 2 * this.#limits.maxHeaderBytes || this.#parts.length > maxContinuations) {
      throw new Http2Fault("ENHANCE_YOUR_CALM", "header block too large");
    }
  }

  #decode(block: Buffer): HeaderBlock {
    const decoder = this.#decoder;
    if (decoder.generation !== this.#memoGeneration) this.#forget();
    const known = this.#knownAs(block);
    if (known) {
      this.#unknownInARow = 0;
      return known;
    }
    const { fields, isTooLarge } = this.#decodeFields(block);
    const decoded = new HeaderBlock(fields, isTooLarge);
    // A block that changed the table means something else when it comes again.
    const isLasting = decoder.generation === this.#memoGeneration && !hasSizeUpdate(block);
    if (isLasting && this.#isWorthKeeping()) this.#memo.set(block.toString("latin1"), decoded);
    return decoded;
  }

  /** A client that asks the same again and again pays for a comparison, and for no key. */
  #knownAs(block: Buffer): HeaderBlock | undefined {
    if (this.#last && isEqual(block, this.#lastBytes)) return this.#last;
    const known = this.#memo.get(block.toString("latin1"));
    if (!known) return undefined;
    this.#last = known;
    this.#lastBytes = new Uint8Array(block);
    return known;
  }

  /** Of a client none of whose blocks come again, as each has a trace or a deadline of its own, one in a while. */
  #isWorthKeeping(): boolean {
    this.#unknownInARow++;
    return this.#unknownInARow <= keptUnknown || this.#unknownInARow % keptUnknown === 0;
  }

  #decodeFields(block: Buffer): { readonly fields: readonly Field[]; readonly isTooLarge: boolean } {
    try {
      return this.#decoder.decode(block);
    } catch (error) {
      if (error instanceof HpackFault) throw new Http2Fault("COMPRESSION_ERROR", error.message);
      throw error;
    }
  }

  #forget(): void {
    this.#memo.clear();
    this.#last = undefined;
    this.#memoGeneration = this.#decoder.generation;
  }
}

/** As `equals`, which takes 45 ns to call; a block that repeats is some ten bytes, and compared in 15. */
function isEqual(one: Buffer, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

/** A size update need not change the generation, yet must be applied each time it comes. */
function hasSizeUpdate(block: Buffer): boolean {
  return ((block[0] ?? 0) & 0xe0) === 0x20;
}

/** The fragment of a HEADERS frame, without padding and priority (§6.2). */
function headerFragment(frame: Frame): Buffer {
  const { payload, flags, streamId } = frame;
  let start = 0;
  let end = payload.length;
  if (flags & frameFlag.padded) {
    start = 1;
    end -= payload[0] ?? 0;
  }
  if (flags & frameFlag.priority) {
    if (payload.length < start + 5) throw new Http2Fault("FRAME_SIZE_ERROR", "HEADERS too short for its priority");
    if ((payload.readUInt32BE(start) & 0x7fffffff) === streamId) throw new Http2Fault("PROTOCOL_ERROR", "stream depends on itself");
    start += 5;
  }
  if (end < start) throw new Http2Fault("PROTOCOL_ERROR", "padding longer than the frame");
  return start === 0 && end === payload.length ? payload : payload.subarray(start, end);
}

/** The data of a DATA frame, without padding (§6.1). */
export function dataOf(frame: Frame): Buffer {
  const { payload } = frame;
  if ((frame.flags & frameFlag.padded) === 0) return payload;
  const end = payload.length - (payload[0] ?? 0);
  if (payload.length === 0 || end < 1) throw new Http2Fault("PROTOCOL_ERROR", "padding longer than the frame");
  return end === 1 ? nothing : payload.subarray(1, end);
}
