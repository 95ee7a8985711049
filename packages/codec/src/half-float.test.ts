import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bf16BytesToFloats,
  bf16ToNumber,
  floatsToBf16Bytes,
  floatsToFp16Bytes,
  fp16BytesToFloats,
  fp16ToNumber,
  numberToBf16,
  numberToFp16,
} from "./half-float.ts";

const patterns = Array.from({ length: 65_536 }, (_, bits) => bits);

/** The neighbour of `bits` towards larger magnitude and a brute nearest-even choice between both. */
function nearestOf(value: number, toNumber: (bits: number) => number, infinity: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  let low = 0;
  let high = infinity;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (toNumber(middle) <= magnitude) low = middle;
    else high = middle;
  }
  // The value that would follow the largest finite one stands for the infinity when distances are compared.
  const top = high === infinity ? 2 * toNumber(infinity - 1) - toNumber(infinity - 2) : toNumber(high);
  const down = magnitude - toNumber(low);
  const up = top - magnitude;
  if (down === up) return sign | (low % 2 === 0 ? low : high);
  return sign | (down < up ? low : high);
}

/** Reads FP16 by way of the machine's own binary64 layout: an independent oracle. */
function fp16ByBits(bits: number): number {
  const view = new DataView(new ArrayBuffer(8));
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return (bits & 0x8000 ? -1 : 1) * fraction * 2 ** -24;
  const wide = exponent === 31 ? 2047 : exponent - 15 + 1023;
  view.setUint32(0, (((bits & 0x8000) << 16) | (wide << 20) | (fraction << 10)) >>> 0);
  return view.getFloat64(0);
}

function bf16ByBits(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits);
  return view.getFloat32(0);
}

const formats = [
  { name: "FP16", toNumber: fp16ToNumber, toBits: numberToFp16, oracle: fp16ByBits, infinity: 0x7c00, nan: 0x7e00 },
  { name: "BF16", toNumber: bf16ToNumber, toBits: numberToBf16, oracle: bf16ByBits, infinity: 0x7f80, nan: 0x7fc0 },
];

describe.each(formats)("$name", ({ toNumber, toBits, oracle, infinity, nan }) => {
  it("gives the exact number of each of the 65,536 patterns", () => {
    expect(patterns.filter((bits) => !Object.is(toNumber(bits), oracle(bits)))).toEqual([]);
  });

  it("gives each pattern back, NaNs as the quiet NaN", () => {
    const expected = (bits: number): number => ((bits & 0x7fff) > infinity ? nan : bits);
    expect(patterns.filter((bits) => toBits(toNumber(bits)) !== expected(bits))).toEqual([]);
  });

  it("rounds the middle between each two neighbours to the even one, and either side of it to the nearer one", () => {
    const wrong = patterns.slice(0, infinity - 1).filter((bits) => {
      const middle = (toNumber(bits) + toNumber(bits + 1)) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const below = middle * (1 - 2 ** -52);
      const above = middle * (1 + 2 ** -51);
      return toBits(middle) !== even || toBits(-middle) !== (even | 0x8000) || toBits(below) !== bits || toBits(above) !== bits + 1;
    });
    expect(wrong).toEqual([]);
  });

  it("rounds any number to its nearest neighbour, ties to even, too large to infinity", () => {
    const largest = toNumber(infinity - 1);
    const values = fc.oneof(
      fc.double({ noNaN: true }),
      fc.double({ min: -2 * largest, max: 2 * largest, noNaN: true }),
      fc.float({ noNaN: true }),
    );
    fc.assert(
      fc.property(values, (value) => {
        expect(toBits(value)).toBe(nearestOf(value, toNumber, infinity));
      }),
      { numRuns: 5000 },
    );
  });

  it("does not round twice by way of FP32", () => {
    const one = toNumber(toBits(1));
    const half = (toNumber(toBits(1) + 1) - one) / 2;
    // Just above the tie: FP32 would round it onto the tie, and the tie goes down to 1.
    expect(toBits(one + half + 2 ** -40)).toBe(toBits(1) + 1);
  });
});

describe("arrays of half floats", () => {
  it("go both ways, little-endian, from any offset", () => {
    const values = [0, -0, 1, -2.5, 65504, Number.POSITIVE_INFINITY];
    const fp16 = floatsToFp16Bytes(values);
    expect([...fp16.subarray(4, 6)]).toEqual([0x00, 0x3c]);
    expect([...fp16BytesToFloats(Buffer.concat([Buffer.alloc(1), fp16]).subarray(1))]).toEqual(values);
    const bf16 = floatsToBf16Bytes([1, -3.5, 2 ** 100]);
    expect([...bf16.subarray(0, 2)]).toEqual([0x80, 0x3f]);
    expect([...bf16BytesToFloats(bf16)]).toEqual([1, -3.5, 2 ** 100]);
  });
});
