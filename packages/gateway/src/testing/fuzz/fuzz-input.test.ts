import { expect, it } from "vitest";
import { sentBytes, writeConversation } from "./conversation.ts";
import { fuzzInput, type InputKind } from "./fuzz-input.ts";

const kinds: readonly InputKind[] = [
  "valid",
  "mutated request",
  "mutated frame",
  "mutated bytes",
  "mutated order",
  "mutated splice",
  "grammar http1",
  "grammar http2",
  "random bytes",
];

it("is the same for the same seed and number, and another for another", () => {
  const written = (seed: number, input: number): string => JSON.stringify(writeConversation(fuzzInput(seed, input).conversation));
  const some = Array.from({ length: 200 }, (_, input) => written(3, input));
  expect(Array.from({ length: 200 }, (_, input) => written(3, 199 - input)).toReversed()).toEqual(some);
  expect(new Set(some).size).toBeGreaterThan(190);
  expect(written(4, 0)).not.toBe(written(3, 0));
});

it("is of every kind, and mutates a valid conversation in more than half of all", () => {
  const made = Array.from({ length: 3_000 }, (_, input) => fuzzInput(9, input).kind);
  expect(new Set(made)).toEqual(new Set(kinds));
  expect(made.filter((kind) => kind.startsWith("mutated")).length).toBeGreaterThan(made.length / 2);
});

it("speaks HTTP/1.1 and HTTP/2, REST, gRPC and gRPC-Web, in several pieces or one", () => {
  const conversations = Array.from({ length: 500 }, (_, input) => fuzzInput(2, input).conversation);
  const texts = conversations.map((conversation) => sentBytes(conversation).toString("latin1"));
  for (const part of [
    "PRI * HTTP/2.0",
    "POST /v2/models",
    "transfer-encoding: chunked",
    "application/grpc-web",
    "inference-header-content-length",
  ]) {
    expect(texts.some((text) => text.includes(part))).toBe(true);
  }
  expect(conversations.some(({ ending }) => ending === "reset")).toBe(true);
  expect(conversations.some(({ steps }) => steps.length > 4)).toBe(true);
});
