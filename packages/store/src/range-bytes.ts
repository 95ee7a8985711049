/** Ranges as bytes, as etcd and SQLite want them: a key, or a half-open interval of keys. */
import { assertNever } from "@modelyard/core";
import type { KeyRange } from "./contract.ts";

/** From `start` up to but not including `end`; `end` absent = to the last key. */
export interface ByteSpan {
  readonly start: Uint8Array;
  readonly end?: Uint8Array;
}

/** The keys of a range that is not a single key. */
export function spanBytes(range: Exclude<KeyRange, { readonly kind: "key" }>): ByteSpan {
  switch (range.kind) {
    case "prefix":
      return prefixSpan(Buffer.from(range.prefix));
    case "span":
      return { start: Buffer.from(range.start), ...(range.end === undefined ? {} : { end: Buffer.from(range.end) }) };
    default:
      return assertNever(range);
  }
}

/** Every key that begins with these bytes: the end is the prefix with its last byte raised by one. */
export function prefixSpan(prefix: Uint8Array): ByteSpan {
  const end = Uint8Array.from(prefix);
  for (let last = end.length - 1; last >= 0; last--) {
    const byte = end[last] ?? 0;
    if (byte === 0xff) continue;
    end[last] = byte + 1;
    return { start: prefix, end: end.subarray(0, last + 1) };
  }
  return { start: prefix };
}
