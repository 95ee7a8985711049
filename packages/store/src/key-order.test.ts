import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareKeys, inRange, lowerBound } from "./key-order.ts";
import { prefixEnd } from "./list-prefix.ts";
import { spanBytes } from "./range-bytes.ts";

const key = fc.string({
  unit: fc.constantFrom("\0", "a", "b", "\u{7f}", "\u{80}", "¿", "\u{7ff}", "\u{d7ff}", "\u{e000}", "\u{ffff}", "\u{10000}", "\u{10ffff}"),
  maxLength: 4,
});

describe("compareKeys()", () => {
  test("orders text as its UTF-8 bytes are ordered", () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });
});

describe("lowerBound()", () => {
  test("is where a key stands in a sorted list, or would be inserted", () => {
    fc.assert(
      fc.property(fc.uniqueArray(key), key, (keys, wanted) => {
        const sorted = keys.toSorted(compareKeys);
        const index = lowerBound(sorted, wanted);
        expect(sorted.slice(0, index).every((one) => compareKeys(one, wanted) < 0)).toBe(true);
        expect(sorted.slice(index).every((one) => compareKeys(one, wanted) >= 0)).toBe(true);
      }),
    );
  });
});

describe("the end of a prefix", () => {
  test("as text lies above exactly the keys up to the last one with the prefix", () => {
    fc.assert(
      fc.property(key, key, (prefix, one) => {
        const end = prefixEnd(prefix);
        const isBelowEnd = compareKeys(one, prefix) >= 0 && (end === undefined || compareKeys(one, end) < 0);
        expect(isBelowEnd).toBe(one.startsWith(prefix));
      }),
    );
  });

  test("as bytes holds exactly the keys of the range", () => {
    fc.assert(
      fc.property(key, key, (prefix, one) => {
        const { start, end } = spanBytes({ kind: "prefix", prefix });
        const bytes = Buffer.from(one);
        const isInSpan = Buffer.compare(bytes, start) >= 0 && (end === undefined || Buffer.compare(bytes, end) < 0);
        expect(isInSpan).toBe(inRange({ kind: "prefix", prefix }, one));
      }),
    );
  });
});
