import { PlatformError } from "@modelyard/core";
import { describe, expect, it } from "vitest";
import { parseJsonText } from "./json-text.ts";

function parse(text: string): unknown {
  return parseJsonText(Buffer.from(text)).value;
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return PlatformError.from(error).reason;
  }
  return "accepted";
}

describe("parseJsonText()", () => {
  it("reads the words NaN and Infinity as strings, and leaves them alone within strings", () => {
    expect(parse('{"a":[NaN,-Infinity,Infinity,-1],"NaN":"\\"NaN\\\\"}')).toEqual({
      a: ["NaN", "-Infinity", "Infinity", -1],
      NaN: '"NaN\\',
    });
  });

  it.each(["{NaN:1,}", "[-NaN]", "[1NaN]", "[NaN1]", "[xInfinity]", "[--Infinity]", '["NaN]', "[NaN", '[NaN,"\\"]'])(
    "refuses %s",
    (text) => {
      expect(refusal(() => parse(text))).toBe("INFERENCE_REQUEST_INVALID");
    },
  );

  it.each([
    ["a string without end", `[NaN,"${"a".repeat(1_000_000)}`],
    ["a string without end, of quoted quotes", `[NaN,"${'\\"'.repeat(500_000)}`],
    ["a string without end, of backslashes", `[NaN,"${"\\\\".repeat(500_000)}`],
  ])("takes linear time to refuse %s", { timeout: 2_000 }, (_, text) => {
    expect(refusal(() => parse(text))).toBe("INFERENCE_REQUEST_INVALID");
  });

  it("reads a long string of escapes beside a NaN", () => {
    expect(parse(`[NaN,"${"\\n".repeat(5_000_000)}"]`)).toEqual(["NaN", "\n".repeat(5_000_000)]);
  });

  it("reads integers beyond 2^53 exactly when asked", () => {
    expect(parseJsonText(Buffer.from("[9007199254740993,1.5,-9223372036854775808]")).exact()).toEqual([
      9007199254740993n,
      1.5,
      -9223372036854775808n,
    ]);
  });

  it("refuses what is nested too deeply to be read exactly", () => {
    const text = `[9007199254740993,${"[".repeat(100_000)}${"]".repeat(100_000)}]`;
    const json = parseJsonText(Buffer.from(text));
    expect(refusal(() => json.exact())).toBe("INFERENCE_REQUEST_INVALID");
  });

  it("keeps __proto__ an ordinary key", () => {
    const value = parse('{"__proto__":{"inputs":[]},"a":NaN}') as object;
    expect(Object.keys(value)).toEqual(["__proto__", "a"]);
    expect("inputs" in value).toBe(false);
  });
});
