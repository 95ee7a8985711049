import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { listAt, takeNumberLists } from "./number-lists.ts";

/** What the text is when every list that was taken out is put back. */
function putTogether(text: string): unknown {
  const taken = takeNumberLists(Buffer.from(text));
  if (!taken) return JSON.parse(text);
  return JSON.parse(taken.rest, (_key, value: unknown) => {
    const list = listAt(value, taken.lists);
    return list ? Array.from(list) : value;
  });
}

const hasList = (text: string): boolean => takeNumberLists(Buffer.from(text)) !== undefined;
const many = (literal: string): string => `{"data":[${Array.from({ length: 20 }, () => literal).join(",")}]}`;

describe("takeNumberLists()", () => {
  it.each(["0", "-0", "7", "-12", "1.5", "0.000123", "123456789012345", "1e3", "1E+3", "-2.5e-7", "1.25e22", "0e0", "100e-2"])(
    "reads %s as JSON.parse does, to the last bit",
    (literal) => {
      expect(hasList(many(literal))).toBe(true);
      const { data } = putTogether(many(literal)) as { readonly data: readonly number[] };
      expect(data.every((value) => Object.is(value, JSON.parse(literal)))).toBe(true);
    },
  );

  it("reads any list of numbers, with any white space, as JSON.parse does", () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.float({ noNaN: true, noDefaultInfinity: true }),
    );
    const space = fc.constantFrom("", " ", "\n", "\t", " \r\n ");
    fc.assert(
      fc.property(fc.array(number, { minLength: 16, maxLength: 40 }), space, (values, blank) => {
        const literals = values.map((value, index) => (index % 3 === 0 ? value.toPrecision(6) : JSON.stringify(value)));
        const text = `{"inputs":[{"name":"x","data"${blank}:${blank}[${blank}${literals.join(`${blank},${blank}`)}${blank}]${blank}}]}`;
        expect(putTogether(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ["a leading zero", many("01")],
    ["no digits behind the point", many("1.")],
    ["no digits before it", many(".5")],
    ["a plus sign", many("+1")],
    ["an exponent without digits", many("1e")],
    ["more digits than are exact", many("0.1234567890123456")],
    ["an exponent beyond the exact powers", many("1e23")],
    ["a word", many("NaN")],
    ["a string", many('"1"')],
    ["lists in the list", many("[1]")],
    ["a comma too many", `{"data":[${"1,".repeat(20)}]}`],
    ["an end that does not come", `{"data":[${"1,".repeat(20)}1`],
    ["few numbers", '{"data":[1,2,3]}'],
    ["no list", '{"data":"1"}'],
    ["no key of that name", '{"dato":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]}'],
  ])("leaves a list with %s to JSON.parse", (_name, text) => {
    expect(hasList(text)).toBe(false);
  });

  it("leaves the whole text to JSON.parse when it could be mistaken for one of which a list was taken", () => {
    expect(hasList(many("1").replace("}", ',"name":"\\u00010"}'))).toBe(false);
  });

  it("does not take a key for one that stands in a string", () => {
    const text = JSON.stringify({ name: many("1"), other: [many("2")], data: Array.from({ length: 16 }, (_, index) => index) });
    expect(putTogether(text)).toEqual(JSON.parse(text));
  });

  it("reads lists longer than its first buffer", () => {
    const data = Array.from({ length: 5_000 }, (_, index) => index / 8);
    const text = JSON.stringify({ inputs: [{ data }, { data: data.toReversed() }] });
    expect(putTogether(text)).toEqual(JSON.parse(text));
  });
});
