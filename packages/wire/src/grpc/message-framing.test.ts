import fc from "fast-check";
import { expect, test } from "vitest";
import { BufferBudget } from "../socket/buffer-budget.ts";
import { framedMessage, MessageReader, messagePrefix } from "./message-framing.ts";

const ignored = { onMessage: () => {} };
const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 });

test("the same bytes give the same messages, wherever they are cut", () => {
  fc.assert(
    fc.property(messages, fc.array(fc.nat(), { maxLength: 20 }), (sent, cuts) => {
      const bytes = Buffer.concat(sent.map((message) => framedMessage(message)));
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
      const received: Uint8Array[] = [];
      const reader = new MessageReader(1000, { onMessage: (message) => received.push(new Uint8Array(message)) });
      for (const [index, end] of places.slice(1).entries()) reader.read(bytes.subarray(places[index], end));
      expect(received).toEqual(sent);
      expect(reader.isInsideMessage).toBe(false);
    }),
  );
});

test.each([
  ["an unknown flag", "0200000001", "GRPC_MALFORMED"],
  ["a message above the limit, before it arrives", "00000003e9", "LIMIT_EXCEEDED"],
])("%s is refused", (_, prefix, reason) => {
  const reader = new MessageReader(1000, ignored);
  expect(() => reader.read(Buffer.from(prefix, "hex"))).toThrow(expect.objectContaining({ reason }));
});

test("a peer that announces a large message is given memory as it sends it", () => {
  const before = process.memoryUsage().arrayBuffers;
  const readers = Array.from({ length: 1000 }, () => new MessageReader(64 * 1024 * 1024, ignored));
  for (const reader of readers) reader.read(messagePrefix(64 * 1024 * 1024));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(512 * 1024 * 1024);
  expect(readers.every((reader) => reader.isInsideMessage)).toBe(true);
});

test("a large message is the same in whatever pieces it comes", () => {
  const message = Buffer.from(Array.from({ length: 3_000_001 }, (_, index) => index % 251));
  const framed = framedMessage(message);
  for (const pieceBytes of [1_000, 16_384, 700_000, framed.length - 1]) {
    const received: Uint8Array[] = [];
    const reader = new MessageReader(message.length, { onMessage: (one) => received.push(one) });
    for (let at = 0; at < framed.length; at += pieceBytes) reader.read(framed.subarray(at, at + pieceBytes));
    expect(received.map((one) => message.equals(one))).toEqual([true]);
  }
});

test("a sink that holds the reader is given nothing more of the chunk, and the rest when it lets go", () => {
  const received: string[] = [];
  const reader: MessageReader = new MessageReader(1000, {
    onMessage(message, _, isCompressed) {
      received.push(Buffer.from(message).toString());
      reader.isHeld = isCompressed;
    },
  });
  const chunk = Buffer.concat([framedMessage(Buffer.from("a")), framedMessage(Buffer.from("b"), true), framedMessage(Buffer.from("c"))]);
  const at = reader.read(chunk);
  expect([received, at]).toEqual([["a", "b"], 12]);
  reader.isHeld = false;
  expect(reader.read(chunk.subarray(at))).toBe(6);
  expect(received).toEqual(["a", "b", "c"]);
});

test("what has come of a message counts as used memory until it is passed on or dropped, and is refused when there is no room", () => {
  const memory = new BufferBudget(100_000);
  const reader = new MessageReader(1_000_000, ignored, memory);
  reader.read(messagePrefix(300_000));
  expect(memory.usedBytes).toBe(0);
  reader.read(Buffer.alloc(90_000));
  expect(memory.usedBytes).toBe(90_000);
  expect(() => reader.read(Buffer.alloc(10_001))).toThrow(expect.objectContaining({ reason: "BUFFERS_FULL" }));
  reader.drop();
  reader.drop();
  expect(memory.usedBytes).toBe(0);
  const other = new MessageReader(1_000_000, ignored, memory);
  other.read(Buffer.concat([messagePrefix(100_000), Buffer.alloc(10)]));
  other.read(Buffer.alloc(99_990));
  expect([memory.usedBytes, other.isInsideMessage]).toEqual([0, false]);
});
