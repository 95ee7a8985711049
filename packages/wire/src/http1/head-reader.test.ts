import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HeadMemo } from "../socket/head-memo.ts";
import { HeadReader, type SharedHeads } from "./head-reader.ts";

const limits = { maxHeaderBytes: 200, maxMemoBytes: 64 * 1024, maxMemoEntries: 16 };

/** Paths of the heads in bytes that come in pieces, and why the last of them was refused. */
function read(pieces: readonly Buffer[]): readonly string[] {
  const reader = new HeadReader(limits);
  const found: string[] = [];
  let input: Buffer = Buffer.alloc(0);
  for (const piece of pieces) {
    input = Buffer.concat([input, piece]);
    for (let head = reader.read(input); ; head = reader.read(input)) {
      input = input.subarray(reader.takenBytes);
      if (!head) break;
      found.push(head.kind === "head" ? head.head.path : `${head.status} ${head.problem}`);
      if (head.kind === "refused") return found;
    }
  }
  return found;
}

const head = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

describe("HeadReader", () => {
  test("finds the same heads wherever the bytes are cut, and after empty lines", () => {
    const bytes = Buffer.from(`\r\n\r\n${head("/a")}${head("/b")}\r\n${head("/c")}`);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
        expect(read(pieces)).toEqual(["/a", "/b", "/c"]);
      }),
    );
  });

  test("gives the same object for the same bytes", () => {
    const reader = new HeadReader(limits);
    const first = reader.read(Buffer.from(head("/a")));
    expect(first).toBeDefined();
    expect(reader.read(Buffer.from(head("/a")))).toBe(first);
  });

  describe("of connections that share what they remember", () => {
    const withField = (field: string): Buffer => Buffer.from(`GET /a HTTP/1.1\r\nHost: a\r\n${field}: x\r\n\r\n`);

    test("gives the same object for the same bytes on another connection", () => {
      const shared: SharedHeads = new HeadMemo(limits);
      const first = new HeadReader(limits, shared).read(Buffer.from(head("/a")));
      expect(first).toBeDefined();
      expect(new HeadReader(limits, shared).read(Buffer.from(head("/a")))).toBe(first);
    });

    test.each(["Authorization", "Proxy-Authorization", "Modelyard-API-Key", "Cookie"])(
      "keeps a head with %s to its own connection",
      (field) => {
        const shared: SharedHeads = new HeadMemo(limits);
        const reader = new HeadReader(limits, shared);
        const first = reader.read(withField(field));
        expect(reader.read(withField(field))).toBe(first);
        const other = new HeadReader(limits, shared).read(withField(field));
        expect(other).toEqual(first);
        expect(other).not.toBe(first);
      },
    );
  });

  test.each([
    ["empty lines without end", "\r\n".repeat(17), "400 empty lines instead of a request"],
    ["a line that ends without CR, before the head is complete", "GET / HTTP/1.1\nHost: a", "400 line ends without CR"],
    ["a request line above the limit", `GET /${"a".repeat(200)}`, "414 the request line is too long"],
    ["fields above the limit", `GET / HTTP/1.1\r\nHost: ${"a".repeat(200)}`, "431 the head is too large"],
  ])("refuses %s", (_, text, problem) => {
    expect(read([Buffer.from(text)])).toEqual([problem]);
    expect(read(Array.from(text, (character) => Buffer.from(character)))).toEqual([problem]);
  });
});
