import fc from "fast-check";
import { expect, test } from "vitest";
import { framedMessage, MessageReader } from "./message-framing.ts";

const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 });

test("the same bytes give the same messages, wherever they are cut", () => {
  fc.assert(
    fc.property(messages, fc.array(fc.nat(), { maxLength: 20 }), (sent, cuts) => {
      const bytes = Buffer.concat(sent.map(framedMessage));
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
      const received: Uint8Array[] = [];
      const reader = new MessageReader(1000, "identity", (message) => received.push(new Uint8Array(message)));
      for (const [index, end] of places.slice(1).entries()) reader.read(bytes.subarray(places[index], end));
      expect(received).toEqual(sent);
      expect(reader.isInsideMessage).toBe(false);
    }),
  );
});

test.each([
  ["a compressed message", "0100000001", "GRPC_COMPRESSION"],
  ["an unknown flag", "0200000001", "GRPC_MALFORMED"],
  ["a message above the limit, before it arrives", "00000003e9", "LIMIT_EXCEEDED"],
])("%s is refused", (_, prefix, reason) => {
  const reader = new MessageReader(1000, "gzip", () => {});
  expect(() => reader.read(Buffer.from(prefix, "hex"))).toThrow(expect.objectContaining({ reason }));
});
