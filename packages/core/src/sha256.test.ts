import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sha256 } from "./sha256.ts";

const byNode = (content: Uint8Array | string): string => createHash("sha256").update(content).digest("hex");

test.each([
  // FIPS 180-2, appendix B.
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  ["abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"],
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
])("sha256() of %j is the published one", (text, digest) => {
  expect(sha256(text)).toBe(digest);
});

test("sha256() takes every length around the ends of the first blocks", () => {
  for (let length = 0; length <= 200; length++) {
    const bytes = new Uint8Array(length).fill(0xa5);
    expect(sha256(bytes), `of ${length} bytes`).toBe(byNode(bytes));
  }
});

test("sha256() takes contents below and above the size from which the crypto module makes it", () => {
  for (const length of [65_535, 65_536, 65_537, 200_000]) {
    const bytes = new Uint8Array(length).map((_, at) => at * 7);
    expect(sha256(bytes), `of ${length} bytes`).toBe(byNode(bytes));
  }
});

test("sha256() is that of OpenSSL for all bytes and all texts", () => {
  const content = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: "binary", maxLength: 100 }));
  fc.assert(
    fc.property(content, (one) => {
      expect(sha256(one)).toBe(byNode(one));
    }),
  );
});

test("sha256() reads only the part of a buffer that it is given", () => {
  const all = Buffer.from("before the text after");
  expect(sha256(all.subarray(7, 15))).toBe(byNode("the text"));
});
