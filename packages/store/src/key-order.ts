/**
 * Order of keys and membership in ranges. Keys are text ordered by their UTF-8 bytes, which differs from the order of JavaScript strings
 * (UTF-16 code units) only where surrogate pairs meet U+E000 to U+FFFF.
 */
import { assertNever } from "@modelyard/core";
import type { KeyRange } from "./contract.ts";

const firstSurrogate = 0xd800;
const afterSurrogates = 0xe000;

/** Negative, zero or positive as `a` is below, equal to or above `b` by UTF-8 bytes. Both must be well-formed. */
export function compareKeys(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return utf8Rank(left) - utf8Rank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above every other unit: they move behind U+FFFF, keeping their own order. */
function utf8Rank(unit: number): number {
  return unit >= firstSurrogate && unit < afterSurrogates ? unit + 0x10000 : unit;
}

/** Lower bound of a range: no key below it belongs to it. */
export function rangeStart(range: KeyRange): string {
  switch (range.kind) {
    case "key":
      return range.key;
    case "prefix":
      return range.prefix;
    case "span":
      return range.start;
    default:
      return assertNever(range);
  }
}

/** Whether a key belongs to a range. */
export function inRange(range: KeyRange, key: string): boolean {
  switch (range.kind) {
    case "key":
      return key === range.key;
    case "prefix":
      return key.startsWith(range.prefix);
    case "span":
      return compareKeys(key, range.start) >= 0 && (range.end === undefined || compareKeys(key, range.end) < 0);
    default:
      return assertNever(range);
  }
}

/** Index of the first element of a sorted list that is not below `key`. */
export function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(sorted[middle] ?? "", key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
