import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bodyReader } from "./body-reader.ts";

interface Outcome {
  readonly body: string;
  readonly trailers: readonly (readonly [string, string])[] | undefined;
  readonly left: string;
}

function readAll(chunks: readonly string[], maxLine = 1000): Outcome {
  let body = "";
  let trailers: Outcome["trailers"];
  let left = "";
  const reader = bodyReader({ kind: "chunked" }, maxLine, {
    onData: (chunk) => void (body += chunk.toString("latin1")),
    onEnd: (fields) => void (trailers = fields?.fields),
  });
  for (const chunk of chunks) {
    const input = Buffer.from(chunk, "latin1");
    left += chunk.slice(reader.isDone ? 0 : reader.read(input, 0));
  }
  expect(reader.isDone).toBe(true);
  return { body, trailers, left };
}

test("a chunked body is the same wherever it is cut, and what follows it is left", () => {
  const coded = "5;name=value\r\nhello\r\n0A\r\n0123456789\r\n0\r\nX-Sum: 15\r\n\r\nGET /next";
  const expected = { body: "hello0123456789", trailers: [["x-sum", "15"]], left: "GET /next" };
  fc.assert(
    fc.property(fc.array(fc.nat(coded.length), { maxLength: 12 }), (cuts) => {
      const places = [0, ...cuts.toSorted((a, b) => a - b), coded.length];
      expect(readAll(places.slice(1).map((end, index) => coded.slice(places[index], end)))).toEqual(expected);
    }),
  );
});

describe("a chunked body is refused for", () => {
  test.each([
    ["a size that is no number", "x\r\n"],
    ["a size with a sign", "+5\r\nhello\r\n"],
    ["a size with a prefix", "0x5\r\nhello\r\n"],
    ["an empty size", "\r\n"],
    ["a size beyond all bounds", "fffffffffffffffff\r\n"],
    ["a bare LF after the size", "5\nhello\r\n0\r\n\r\n"],
    ["data longer than its size", "3\r\nhello\r\n0\r\n\r\n"],
    ["data that ends with a bare LF", "5\r\nhello\n0\r\n\r\n"],
    ["a folded trailer", "0\r\nX: a\r\n b\r\n\r\n"],
    ["a size line without end", `5;${"x".repeat(2000)}`],
    ["trailers without end", `0\r\n${"X: a\r\n".repeat(500)}`],
  ])("%s", (_, coded) => {
    expect(() => readAll([coded])).toThrow();
  });
});
