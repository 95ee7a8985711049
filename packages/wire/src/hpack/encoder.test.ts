import fc from "fast-check";
import { expect, test } from "vitest";
import type { Field } from "../message/fields.ts";
import { HpackDecoder } from "./decoder.ts";
import { HpackEncoder, statelessBlock } from "./encoder.ts";

const text = (alphabet: string, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...alphabet.split("")), maxLength });
const value = fc.oneof(
  text("abc/0129 %", 40),
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 600 }),
);
const name = fc.oneof(
  fc.constantFrom(":path", "content-type", "grpc-timeout", "authorization", "x-model"),
  text("abcdefgh-", 12).map((rest) => `x${rest}`),
);
const field: fc.Arbitrary<Field> = fc.tuple(name, value);
const lists = fc.array(fc.array(field, { maxLength: 12 }), { maxLength: 20 });

test("what is encoded decodes to the same fields, block after block, also when the table is resized between them", () => {
  fc.assert(
    fc.property(lists, fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 20 }), (blocks, sizes) => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder(4096, 10_000_000);
      for (const [index, fields] of blocks.entries()) {
        const size = sizes[index];
        if (size !== undefined) encoder.limitTable(size);
        expect(decoder.decode(Buffer.from(encoder.encode(fields))).fields).toEqual(fields);
      }
    }),
  );
});

test("every byte survives Huffman coding", () => {
  const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");
  const decoder = new HpackDecoder(4096, 10_000);
  for (const part of [all, ...all.split("")])
    expect(decoder.decode(statelessBlock([["x", part + "eeeeeeee".repeat(20)]])).fields).toEqual([["x", part + "eeeeeeee".repeat(20)]]);
});

test("a stateless block means the same on every connection and leaves tables alone", () => {
  const block = statelessBlock([
    [":status", "200"],
    ["content-type", "application/grpc"],
  ]);
  const decoder = new HpackDecoder(0, 1000);
  expect(decoder.decode(block).fields).toEqual(decoder.decode(block).fields);
  expect(decoder.tableBytes).toBe(0);
});

test("a stable field costs one byte the second time, a volatile one never enters the table", () => {
  const encoder = new HpackEncoder();
  encoder.encode([["x-model", "digits"]]);
  expect(encoder.encode([["x-model", "digits"]])).toHaveLength(1);
  const volatile: Field = ["grpc-timeout", "100m"];
  encoder.encode([volatile]);
  expect(encoder.encode([volatile]).length).toBeGreaterThan(10);
  expect(encoder.encode([["x-model", "digits"]])).toHaveLength(1);
});

test("secrets are marked as never to be indexed", () => {
  const block = new HpackEncoder().encode([["authorization", "Bearer x"]]);
  expect((block[0] ?? 0) & 0xf0).toBe(0x10);
});
