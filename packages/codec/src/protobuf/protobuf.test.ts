import { PlatformError } from "@modelyard/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { implicit, type MessageType, messageType, optional, type ProtoMessage, packed, repeated } from "./message-type.ts";
import { ProtoReader } from "./proto-reader.ts";
import { readMessage } from "./read-message.ts";
import type { ScalarType } from "./scalar.ts";
import { writeMessage } from "./write-message.ts";

interface Sample extends ProtoMessage {
  readonly count: number;
  readonly title: string;
  readonly note?: string;
  readonly child?: Sample;
  readonly children: readonly Sample[];
  readonly numbers: readonly number[];
  readonly names: readonly string[];
  readonly wide: readonly bigint[];
  readonly ratios: readonly number[];
  readonly blob?: Uint8Array;
}

const sample: MessageType<Sample> = messageType("Sample", {
  count: implicit(1, "int32"),
  title: implicit(2, "string"),
  note: optional(3, "string"),
  child: optional(5, () => sample),
  children: repeated(7, () => sample),
  numbers: packed(6, "int32"),
  names: repeated(8, "string"),
  wide: repeated(9, "int64"),
  ratios: packed(10, "double"),
  blob: optional(2000, "bytes"),
});

const empty: Sample = { count: 0, title: "", children: [], numbers: [], names: [], wide: [], ratios: [] };

function hex(text: string): Uint8Array {
  return Buffer.from(text.replaceAll(" ", ""), "hex");
}

function reasonOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return PlatformError.from(error).message;
  }
  return "no error";
}

interface One extends ProtoMessage {
  readonly value?: unknown;
}

function oneField(type: ScalarType): MessageType<One> {
  return messageType<One>("One", { value: optional(1, type) });
}

describe("readMessage() and writeMessage()", () => {
  it("agree with the examples of the encoding guide", () => {
    expect(writeMessage(sample, { ...empty, count: 150 })).toEqual(hex("08 9601"));
    expect(writeMessage(sample, { ...empty, title: "testing" })).toEqual(hex("12 07 74657374696e67"));
    expect(writeMessage(sample, { ...empty, child: { ...empty, count: 150 } })).toEqual(hex("2a 03 089601"));
    expect(writeMessage(sample, { ...empty, numbers: [3, 270, 86942] })).toEqual(hex("32 06 03 8e02 9ea705"));
    expect(writeMessage(sample, { ...empty, count: -2 })).toEqual(hex("08 feffffffffffffffff01"));
    expect(readMessage(sample, hex("32 06 03 8e02 9ea705")).numbers).toEqual([3, 270, 86942]);
  });

  it.each<[ScalarType, unknown, string]>([
    ["uint32", 4_294_967_295, "08 ffffffff0f"],
    ["sint32", -2, "08 03"],
    ["sint32", -2_147_483_648, "08 ffffffff0f"],
    ["sint64", -(2n ** 63n), "08 ffffffffffffffffff01"],
    ["int64", -1n, "08 ffffffffffffffffff01"],
    ["int64", 2n ** 62n + 1n, "08 818080808080808040"],
    ["uint64", 2n ** 64n - 1n, "08 ffffffffffffffffff01"],
    ["safeInt64", -1, "08 ffffffffffffffffff01"],
    ["safeInt64", 2 ** 53 - 1, "08 ffffffffffffff0f"],
    ["safeUint64", 2 ** 40, "08 808080808020"],
    ["fixed32", 1, "0d 01000000"],
    ["sfixed32", -1, "0d ffffffff"],
    ["fixed64", 1n, "09 0100000000000000"],
    ["sfixed64", -1n, "09 ffffffffffffffff"],
    ["float", 1.5, "0d 0000c03f"],
    ["double", -2, "09 00000000000000c0"],
    ["bool", true, "08 01"],
    ["enum", -1, "08 ffffffffffffffffff01"],
    ["bytes", Buffer.from([1, 2]), "0a 02 0102"],
    ["string", "é\u0000😀", "0a 07 c3a9 00 f09f9880"],
  ])("writes and reads %s %s", (type, value, bytes) => {
    expect(writeMessage(oneField(type), { value })).toEqual(hex(bytes));
    expect(readMessage(oneField(type), hex(bytes)).value).toEqual(value);
  });

  it("round-trip any message", () => {
    const scalarsOnly = {
      count: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      title: fc.string({ unit: "grapheme" }),
      numbers: fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
      names: fc.array(fc.string()),
      wide: fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
      ratios: fc.array(fc.double()),
    };
    const leaf = fc.record(scalarsOnly);
    const node = fc.record({ root: leaf, kids: fc.array(leaf), note: fc.option(fc.string(), { nil: undefined }) });
    fc.assert(
      fc.property(node, ({ root, kids, note }) => {
        const children = kids.map((kid) => ({ ...empty, ...kid, blob: Buffer.from([kid.count & 0xff]) }));
        const message: Sample = { ...empty, ...root, children, child: { ...empty, ...root }, ...(note === undefined ? {} : { note }) };
        expect(readMessage(sample, writeMessage(sample, message))).toEqual(message);
      }),
    );
  });

  it("tell an absent optional field from an empty one", () => {
    expect(writeMessage(sample, { ...empty, note: "" })).toEqual(hex("1a 00"));
    expect(readMessage(sample, hex("1a 00")).note).toBe("");
    expect("note" in readMessage(sample, hex(""))).toBe(false);
  });

  it("read lists of numbers in either form", () => {
    expect(readMessage(sample, hex("30 01 32 02 0203 30 04")).numbers).toEqual([1, 2, 3, 4]);
    expect(readMessage(sample, hex("4a 02 0102 48 03")).wide).toEqual([1n, 2n, 3n]);
  });

  it("merge a message that occurs twice", () => {
    const bytes = hex("2a 04 0801 3001 2a 04 1a00 3002");
    expect(readMessage(sample, bytes).child).toEqual({ ...empty, count: 1, note: "", numbers: [1, 2] });
  });

  it("keep unknown fields when asked, at every level, in order", () => {
    const bytes = hex("0801 2a 05 f8070a 1800 7a 01 ff 8501 01000000 8901 0100000000000000");
    const kept = readMessage(sample, bytes, { keepUnknown: true });
    expect(kept.unknownFields?.map((raw) => Buffer.from(raw).toString("hex"))).toEqual(["7a01ff", "850101000000", "89010100000000000000"]);
    expect(Buffer.from(writeMessage(sample, kept)).toString("hex")).toBe(Buffer.from(bytes).toString("hex"));
    expect(readMessage(sample, bytes).unknownFields).toBeUndefined();
  });

  it("treat a known number with another wire type as unknown", () => {
    const read = readMessage(sample, hex("0d 01000000"), { keepUnknown: true });
    expect(read.count).toBe(0);
    expect(read.unknownFields).toHaveLength(1);
  });

  it("give views of the input for bytes and leave headroom when asked", () => {
    const bytes = Buffer.concat([Buffer.alloc(3), hex("827d 02 0102")]).subarray(3);
    expect(readMessage(sample, bytes).blob?.buffer).toBe(bytes.buffer);
    expect(writeMessage(sample, { ...empty, count: 1 }, { headroomBytes: 5 }).subarray(5)).toEqual(hex("0801"));
  });

  it.each([
    ["a truncated varint", "08 96", "the message ends in the middle of a value"],
    ["a truncated fixed value", "52 08 00000000", "the message ends in the middle of a value"],
    ["a length beyond the end", "12 05 61", "the message ends in the middle of a value"],
    ["a length beyond the parent", "2a 02 12 05 61616161", "the message ends in the middle of a value"],
    ["a varint of eleven bytes", "08 ffffffffffffffffffff01", "a varint is longer than 10 bytes"],
    ["a group", "0b 0c", "field 1 is a group, which is not supported"],
    ["wire type 6", "0e 00", "field 1 has the unknown wire type 6"],
    ["field number 0", "00 00", "the field number of the tag must be between 1 and 536870911"],
    ["text that is not UTF-8", "12 02 c328", "a text is not UTF-8"],
  ])("refuse %s", (_what, bytes, why) => {
    expect(reasonOf(() => readMessage(sample, hex(bytes)))).toContain(why);
  });

  it("accept U+FFFD itself as text", () => {
    expect(readMessage(sample, hex("12 03 efbfbd")).title).toBe("\uFFFD");
  });

  it("refuse a 64-bit integer that a number cannot hold, where a number was asked for", () => {
    const bytes = writeMessage(oneField("int64"), { value: 2n ** 53n });
    expect(reasonOf(() => readMessage(oneField("safeInt64"), bytes))).toContain("beyond 2^53");
    expect(readMessage(oneField("int64"), bytes).value).toBe(2n ** 53n);
  });

  it("refuse nesting beyond the limit and accept it up to the limit", () => {
    let message: Sample = empty;
    for (let depth = 0; depth < 100; depth++) message = { ...empty, child: message };
    expect(readMessage(sample, writeMessage(sample, message))).toEqual(message);
    const deeper = writeMessage(sample, { ...empty, child: message });
    expect(reasonOf(() => readMessage(sample, deeper))).toContain("nested deeper than 100");
  });

  it("refuse more fields than the limit, nested and packed ones counted", () => {
    expect(reasonOf(() => readMessage(sample, hex("32 03 010203"), { maxFields: 3 }))).toContain("more fields than are accepted");
    expect(readMessage(sample, hex("32 03 010203"), { maxFields: 4 }).numbers).toEqual([1, 2, 3]);
  });

  it("never fail otherwise than with PROTOBUF_INVALID on random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          const once = writeMessage(sample, readMessage(sample, bytes, { keepUnknown: true }));
          expect(writeMessage(sample, readMessage(sample, once, { keepUnknown: true }))).toEqual(once);
        } catch (error) {
          expect(PlatformError.from(error).reason).toBe("PROTOBUF_INVALID");
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("ProtoReader", () => {
  it("reads every 64-bit varint as the same bigint that was written", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const bytes = writeMessage(oneField("int64"), { value });
        const reader = new ProtoReader(bytes);
        reader.tag();
        expect(reader.int64()).toBe(value);
        expect(reader.isAtEnd).toBe(true);
        const unsigned = new ProtoReader(bytes, 1);
        expect(unsigned.uint64()).toBe(BigInt.asUintN(64, value));
      }),
    );
  });
});
