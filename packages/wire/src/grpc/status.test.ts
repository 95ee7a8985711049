import fc from "fast-check";
import { expect, test } from "vitest";
import { isFieldValue } from "../message/field-syntax.ts";
import { FieldList } from "../message/fields.ts";
import { decodeMessage, encodeMessage, failureOfStatus, statusFields } from "./status.ts";
import { formatTimeout, parseTimeout } from "./timeout.ts";

test("every text survives as grpc-message, which is a valid field value", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const encoded = encodeMessage(text);
      expect(isFieldValue(encoded)).toBe(true);
      expect(decodeMessage(encoded)).toBe(text);
    }),
  );
});

test.each(["NOT_FOUND", "UNAVAILABLE", "UNAUTHENTICATED", "CANCELLED"] as const)("status %s becomes the failure with that code", (code) => {
  const error = failureOfStatus("/a.B/C", new FieldList(statusFields(code, "why not")));
  expect(error).toMatchObject({ code, reason: `RPC_${code}`, message: 'The call of "/a.B/C" failed at the peer: why not' });
});

test("a missing or unknown status is UNKNOWN", () => {
  expect(failureOfStatus("/a", new FieldList([]))).toMatchObject({ code: "UNKNOWN" });
  expect(failureOfStatus("/a", new FieldList([["grpc-status", "99"]]))).toMatchObject({ code: "UNKNOWN" });
});

test("a formatted timeout is at most a thousandth longer than asked for and never shorter", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 1e10, noNaN: true }), (ms) => {
      const parsed = parseTimeout(formatTimeout(ms)) ?? 0;
      expect(parsed).toBeGreaterThanOrEqual(ms * 0.999999);
      expect(parsed).toBeLessThanOrEqual(ms * 1.001 + 0.001);
    }),
  );
});

test("a long message is cut so that peers accept the trailers, however many bytes its characters take", () => {
  for (const text of ["x", "%", "é", "模", "😀"]) {
    const [, field] = statusFields("INTERNAL", text.repeat(10_000));
    const encoded = field?.[1] ?? "";
    expect(encoded.length).toBeLessThanOrEqual(4_096);
    expect(encoded.length).toBeGreaterThan(4_000);
    expect(text.repeat(10_000).startsWith(decodeMessage(encoded))).toBe(true);
  }
});
