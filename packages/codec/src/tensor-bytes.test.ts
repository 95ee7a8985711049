import { PlatformError } from "@modelyard/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkShape, elementCountOf } from "./shape.ts";
import { bytesOfTensor, tensorFromBytes, tensorSizeBytes } from "./tensor-bytes.ts";

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return PlatformError.from(error).message;
  }
  return "accepted";
}

describe("tensorFromBytes()", () => {
  it("gives a view of exactly the bytes of the shape", () => {
    const message = Buffer.from([9, 1, 0, 2, 0, 9]);
    const tensor = tensorFromBytes({ name: "x", datatype: "INT16", shape: [2] }, message.subarray(1, 5));
    expect(bytesOfTensor(tensor)).toEqual(Buffer.from([1, 0, 2, 0]));
    expect(bytesOfTensor(tensor).buffer).toBe(message.buffer);
  });

  it("refuses too few and too many bytes, with both numbers", () => {
    const header = { name: "x", datatype: "FP32", shape: [2, 2] } as const;
    expect(refusal(() => tensorFromBytes(header, new Uint8Array(15)))).toContain("expected 16 bytes, got 15");
    expect(refusal(() => tensorFromBytes(header, new Uint8Array(20)))).toContain("shape [2,2]: expected 16 bytes, got 20");
  });

  it("refuses a BOOL that is neither 0 nor 1", () => {
    expect(refusal(() => tensorFromBytes({ name: "x", datatype: "BOOL", shape: [3] }, Uint8Array.of(0, 1, 2)))).toContain(
      'Element 2 of the tensor "x" is not valid: expected a byte of 0 or 1, got 2',
    );
  });

  it("round-trips BYTES elements", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (elements) => {
        const header = { name: "x", datatype: "BYTES", shape: [elements.length] } as const;
        const bytes = bytesOfTensor({ ...header, elements });
        expect(bytes.length).toBe(tensorSizeBytes({ ...header, elements }));
        expect(tensorFromBytes(header, bytes)).toEqual({ ...header, elements });
      }),
    );
  });

  it.each([
    { what: "a length cut short", shape: [1], bytes: [1, 0, 0], message: "element 0, which has 0 bytes left for it" },
    { what: "an element cut short", shape: [1], bytes: [5, 0, 0, 0, 65], message: "element 0, which has 1 bytes left for it" },
    { what: "a length of 4 GiB", shape: [1], bytes: [255, 255, 255, 255, 65], message: "element 0, which has 1 bytes left for it" },
    { what: "too few elements", shape: [2], bytes: [1, 0, 0, 0, 65], message: "expected 2 elements, got 1" },
    { what: "too many elements", shape: [1], bytes: [0, 0, 0, 0, 0, 0, 0, 0], message: "expected 1 elements, got more" },
  ])("refuses $what", ({ shape, bytes, message }) => {
    expect(refusal(() => tensorFromBytes({ name: "x", datatype: "BYTES", shape }, Uint8Array.from(bytes)))).toContain(message);
  });
});

describe("checkShape()", () => {
  it("accepts a scalar, empty dimensions and large ones", () => {
    expect(elementCountOf(checkShape("x", []))).toBe(1);
    expect(elementCountOf(checkShape("x", [0, 5]))).toBe(0);
    expect(elementCountOf(checkShape("x", [2 ** 20, 2 ** 20]))).toBe(2 ** 40);
  });

  it.each([
    [[-1, 2], 'The shape [-1,2] of the tensor "x" is not valid: each dimension must be a whole number of 0 or more'],
    [[1.5], "each dimension must be"],
    [["2"], "each dimension must be"],
    [[2 ** 53], "each dimension must be"],
    [[2 ** 30, 2 ** 30], "more elements than can be counted"],
    [Array.from({ length: 65 }, () => 1), "it has more than 64 dimensions"],
  ])("refuses %j", (shape, message) => {
    expect(refusal(() => checkShape("x", shape))).toContain(message);
  });
});
