import { PlatformError } from "@modelyard/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Datatype } from "./datatype.ts";
import { parseJsonText } from "./json-text.ts";
import type { Tensor } from "./tensor.ts";
import { bytesOfTensor } from "./tensor-bytes.ts";
import { arrayOf, tensorFromJson, tensorToJson } from "./tensor-json.ts";

/** Reads `data` the way a request does: from text. */
function read(datatype: Datatype, shape: readonly number[], text: string): Tensor {
  const json = parseJsonText(Buffer.from(text));
  const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
  return tensorFromJson({ name: "x", datatype, shape }, { data: list(json.value), exact: () => list(json.exact()) });
}

function numbers(tensor: Tensor): readonly (number | bigint)[] {
  return tensor.datatype === "BYTES" ? [] : [...arrayOf(tensor.datatype, tensor.bytes)];
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return PlatformError.from(error).message;
  }
  return "accepted";
}

describe("tensorFromJson()", () => {
  it.each<[Datatype, string, readonly (number | bigint)[]]>([
    ["BOOL", "[true,false,1,0]", [1, 0, 1, 0]],
    ["UINT8", "[0,255,7,1]", [0, 255, 7, 1]],
    ["INT8", "[-128,127,0,1]", [-128, 127, 0, 1]],
    ["UINT16", "[0,65535,1,2]", [0, 65_535, 1, 2]],
    ["INT16", "[-32768,32767,1,2]", [-32_768, 32_767, 1, 2]],
    ["UINT32", "[0,4294967295,1,2]", [0, 4_294_967_295, 1, 2]],
    ["INT32", "[-2147483648,2147483647,1,2]", [-2_147_483_648, 2_147_483_647, 1, 2]],
    ["INT64", "[-9223372036854775808,9223372036854775807,9007199254740993,1]", [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n, 1n]],
    ["UINT64", "[18446744073709551615,9007199254740993,0,1]", [2n ** 64n - 1n, 2n ** 53n + 1n, 0n, 1n]],
    ["FP16", "[1.5,65504,-0.1,65519]", [1.5, 65_504, -0.0999755859375, 65_504]],
    ["BF16", "[1.5,-2,0.1,3e38]", [1.5, -2, 0.10009765625, 226 * 2 ** 120]],
    ["FP32", "[0.1,-1e-45,16777217,3.4e38]", [Math.fround(0.1), Math.fround(-1e-45), 16_777_216, Math.fround(3.4e38)]],
    ["FP64", "[0.1,1e308,-5e-324,1]", [0.1, 1e308, -5e-324, 1]],
  ])("reads %s", (datatype, text, expected) => {
    expect(numbers(read(datatype, [2, 2], text))).toEqual(expected);
  });

  it("reads nested lists by the shape, with the outer dimensions joined or not", () => {
    for (const text of ["[1,2,3,4,5,6]", "[[1,2,3],[4,5,6]]", "[[[1,2,3],[4,5,6]]]"]) {
      expect(numbers(read("INT32", [1, 2, 3], text))).toEqual([1, 2, 3, 4, 5, 6]);
    }
    expect(numbers(read("FP32", [], "[7]"))).toEqual([7]);
    expect(numbers(read("FP32", [0], "[]"))).toEqual([]);
    expect(numbers(read("FP32", [2, 0], "[[],[]]"))).toEqual([]);
  });

  it("reads strings as UTF-8, a NUL inside included", () => {
    const tensor = read("BYTES", [3], '["","a\\u0000b","Ünïcode 😀"]');
    expect(Buffer.from(bytesOfTensor(tensor))).toEqual(
      Buffer.concat([Buffer.from([0, 0, 0, 0, 3, 0, 0, 0]), Buffer.from("a\0b"), Buffer.from([14, 0, 0, 0]), Buffer.from("Ünïcode 😀")]),
    );
  });

  it("reads NaN and the infinities as words and as strings, and leaves these words in strings alone", () => {
    expect(numbers(read("FP32", [4], '[NaN,-Infinity,Infinity,"NaN"]'))).toEqual([Number.NaN, -Infinity, Infinity, Number.NaN]);
    const tensor = read("BYTES", [2], '["NaN \\"Infinity","x"]');
    expect(tensorToJson(tensor)).toBe('["NaN \\"Infinity","x"]');
    expect(refusal(() => read("INT32", [1], "[NaN]"))).toContain('got "NaN"');
  });

  it.each<[Datatype, string, string]>([
    ["INT8", "[300]", 'Element 0 of the tensor "x" is not valid: expected a whole number from -128 to 127, got 300'],
    ["UINT8", "[-1]", "expected a whole number from 0 to 255, got -1"],
    ["INT32", "[1.5]", "got 1.5"],
    ["INT32", '["1"]', 'got "1"'],
    ["INT32", "[true]", "got true"],
    ["INT64", "[9223372036854775808]", "expected a whole number from -9223372036854775808 to 9223372036854775807, got 9223372036854775808"],
    ["INT64", "[9007199254740993.0]", "expected a whole number"],
    ["INT64", "[1e400]", "got Infinity"],
    ["UINT64", "[-1]", "expected a whole number from 0 to 18446744073709551615, got -1"],
    ["BOOL", "[2]", "expected true or false, got 2"],
    ["BOOL", '["true"]', 'got "true"'],
    ["FP16", "[65520]", "expected a number that FP16 can hold, got 65520"],
    ["BF16", "[3.4e38]", "expected a number that BF16 can hold"],
    ["FP32", "[3.5e38]", "expected a number that FP32 can hold"],
    ["FP64", "[1e400]", "got Infinity"],
    ["FP32", "[null]", "got null"],
    ["FP32", "[{}]", "got an object"],
    ["BYTES", "[1]", "expected a string of Unicode characters, got 1"],
    ["BYTES", '["\\ud800"]', "expected a string of Unicode characters"],
  ])("refuses %s %s", (datatype, text, message) => {
    expect(refusal(() => read(datatype, [1], text))).toContain(message);
  });

  it.each<[readonly number[], string, string]>([
    [[3], "[1,2]", 'The data of the tensor "x" does not fit its datatype INT32 and shape [3]: expected 3 elements, got 2'],
    [[2, 2], "[[1,2],[3]]", "expected lists of 2 on level 2, got one of 1"],
    [[2, 2], "[[1,2],3]", "expected lists of 2 on level 2, got 3"],
    [[1, 4], "[[1,2],[3,4]]", "expected lists of 4 on level 2, got one of 2"],
    [[2, 2], "[[1,2],[3,4],[5,6]]", "expected 4 elements, got 6"],
    [[2], "[[[1]],[[2]]]", "expected at most 1 levels of lists, got 3"],
    [[2], "[1,[2]]", "got a list"],
  ])("refuses data that is not of shape %j: %s", (shape, text, message) => {
    expect(refusal(() => read("INT32", shape, text))).toContain(message);
  });
});

describe("tensorToJson()", () => {
  it("writes what tensorFromJson() reads as the same bytes", () => {
    const fixed = fc.constantFrom<Datatype>("UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP32", "FP64");
    fc.assert(
      fc.property(fixed, fc.uint8Array({ minLength: 16, maxLength: 16 }), (datatype, bytes) => {
        const tensor: Tensor =
          datatype === "BYTES" ? { name: "x", datatype, shape: [], elements: [] } : { name: "x", datatype, shape: [], bytes };
        const shape = [numbers(tensor).length];
        const again = read(datatype, shape, tensorToJson(tensor));
        expect(numbers(again).map(String)).toEqual(numbers(tensor).map(String));
      }),
      { numRuns: 2000 },
    );
  });

  it("writes integers beyond 2^53 as exact literals and booleans as words", () => {
    const wide = new Uint8Array(BigInt64Array.of(2n ** 63n - 1n, -(2n ** 53n) - 1n).buffer);
    expect(tensorToJson({ name: "x", datatype: "INT64", shape: [2], bytes: wide })).toBe("[9223372036854775807,-9007199254740993]");
    expect(tensorToJson({ name: "x", datatype: "BOOL", shape: [2], bytes: Uint8Array.of(1, 0) })).toBe("[true,false]");
  });

  it("refuses an element that is not UTF-8", () => {
    const tensor: Tensor = { name: "y", datatype: "BYTES", shape: [2], elements: [Buffer.from("a"), Uint8Array.of(0xff)] };
    expect(refusal(() => tensorToJson(tensor))).toContain('Element 1 of the output "y" is not UTF-8 text');
  });
});

describe("parseJsonText()", () => {
  it("says where the text goes wrong", () => {
    expect(refusal(() => parseJsonText(Buffer.from('{"a": }')))).toContain("its JSON could not be read");
    expect(refusal(() => parseJsonText(Buffer.from('{"a": NaN, }')))).toContain("its JSON could not be read");
    expect(refusal(() => parseJsonText(Buffer.from([0x22, 0xff, 0x22])))).toContain("its JSON is not UTF-8 text");
  });

  it("keeps a literal of any length from costing more than its range check", () => {
    const text = `[${"9".repeat(1_000_000)}]`;
    expect(refusal(() => read("INT64", [1], text))).toContain("got Infinity");
  });
});
