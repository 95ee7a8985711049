import { describe, expect, test } from "vitest";
import { decodeInstanceRecord, decodeModelRecord, decodeVModelRecord, encodeRecord } from "./record-codec.ts";
import type { ModelRecord } from "./records.ts";

const encoder = new TextEncoder();
const model: ModelRecord = {
  type: "onnx",
  artifactDigest: "sha256:1",
  runtime: "ort",
  parameters: { a: "b" },
  revision: 2,
  references: 1,
  autoDelete: true,
  copies: { one: { state: "loaded", startedAtMs: 1, sizeBytes: 5 } },
  failures: {},
  crashes: [{ atMs: 1, kind: "hang" }],
  lastUsedMs: 3,
  later: { unknown: [1] },
};

function bytes(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

describe("records", () => {
  test("survive a round trip, unknown fields included", () => {
    expect(decodeModelRecord(encodeRecord(model))).toEqual(model);
  });

  test("get the defaults of fields that an older writer left out", () => {
    const least = { type: "onnx", artifactDigest: "d", runtime: "r", revision: 1 };
    const filled = { parameters: {}, references: 0, autoDelete: false, copies: {}, failures: {}, crashes: [], lastUsedMs: 0 };
    expect(decodeModelRecord(bytes(least))).toEqual({ ...least, ...filled });
    const vmodel = { owner: "isvc", activeModelId: "a", activeRevision: 1, targetModelId: "a", targetRevision: 1 };
    expect(decodeVModelRecord(bytes(vmodel))).toEqual({ ...vmodel, failed: false });
  });

  test.each([
    ["no JSON", encoder.encode("{")],
    ["no UTF-8", Uint8Array.of(0xff)],
    ["no object", bytes([])],
    ["a field of the wrong type", bytes({ ...model, revision: "2" })],
    ["a parameter that is no text", bytes({ ...model, parameters: { a: 1 } })],
    ["a copy in an unknown state", bytes({ ...model, copies: { one: { state: "melting", startedAtMs: 1 } } })],
    ["a failure without an error", bytes({ ...model, failures: { one: { atMs: 1 } } })],
    ["a crash without a kind", bytes({ ...model, crashes: [{ atMs: 1 }] })],
  ])("with %s are no model records", (_what, value) => {
    expect(decodeModelRecord(value)).toBeUndefined();
  });

  test("of one kind are not taken for another", () => {
    expect([decodeVModelRecord(encodeRecord(model)), decodeInstanceRecord(encodeRecord(model))]).toEqual([undefined, undefined]);
  });
});
