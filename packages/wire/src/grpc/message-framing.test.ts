import fc from "fast-check";
import { expect, test } from "vitest";
import { refuseCompressed } from "./message-encoding.ts";
import { framedMessage, MessageReader, messagePrefix } from "./message-framing.ts";

const refuse = refuseCompressed("snappy");
const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 });

test("the same bytes give the same messages, wherever they are cut", () => {
  fc.assert(
    fc.property(messages, fc.array(fc.nat(), { maxLength: 20 }), (sent, cuts) => {
      const bytes = Buffer.concat(sent.map((message) => framedMessage(message)));
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
      const received: Uint8Array[] = [];
      const reader = new MessageReader(1000, refuse, (message) => received.push(new Uint8Array(message)));
      for (const [index, end] of places.slice(1).entries()) reader.read(bytes.subarray(places[index], end));
      expect(received).toEqual(sent);
      expect(reader.isInsideMessage).toBe(false);
    }),
  );
});

test.each([
  ["a compressed message", "010000000100", "GRPC_COMPRESSION"],
  ["an unknown flag", "0200000001", "GRPC_MALFORMED"],
  ["a message above the limit, before it arrives", "00000003e9", "LIMIT_EXCEEDED"],
])("%s is refused", (_, prefix, reason) => {
  const reader = new MessageReader(1000, refuse, () => {});
  expect(() => reader.read(Buffer.from(prefix, "hex"))).toThrow(expect.objectContaining({ reason }));
});

test("a peer that announces a large message is given memory as it sends it", () => {
  const before = process.memoryUsage().arrayBuffers;
  const readers = Array.from({ length: 1000 }, () => new MessageReader(64 * 1024 * 1024, refuse, () => {}));
  for (const reader of readers) reader.read(messagePrefix(64 * 1024 * 1024));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(512 * 1024 * 1024);
  expect(readers.every((reader) => reader.isInsideMessage)).toBe(true);
});

test("a large message is the same in whatever pieces it comes", () => {
  const message = Buffer.from(Array.from({ length: 3_000_001 }, (_, index) => index % 251));
  const framed = framedMessage(message);
  for (const pieceBytes of [1_000, 16_384, 700_000, framed.length - 1]) {
    const received: Uint8Array[] = [];
    const reader = new MessageReader(message.length, refuse, (one) => received.push(one));
    for (let at = 0; at < framed.length; at += pieceBytes) reader.read(framed.subarray(at, at + pieceBytes));
    expect(received.map((one) => message.equals(one))).toEqual([true]);
  }
});
