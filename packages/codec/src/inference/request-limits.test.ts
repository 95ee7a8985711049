/** Requests that are small beside the memory they would take if every part of them became an object. */
import { PlatformError } from "@modelyard/core";
import { describe, expect, it } from "vitest";
import { readGrpcInferRequest } from "./grpc-infer-request.ts";
import { tensorOfInput } from "./inference-message.ts";
import { readRestInferRequest } from "./rest-infer-request.ts";

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return PlatformError.from(error).message;
  }
  return "accepted";
}

/** A length-delimited field with a one-byte tag. */
function field(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const length: number[] = [];
  let rest = content.length;
  for (; rest >= 0x80; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([tag, ...length, rest]), content]);
}

const text = (tag: number, value: string): Buffer => field(tag, Buffer.from(value));
const repeated = (count: number, bytes: Buffer): Buffer => Buffer.alloc(count * bytes.length, bytes);

/** A request with the one input `x`. */
function grpcRequest(datatype: string, ...rest: readonly Buffer[]): Buffer {
  return field(0x2a, text(0x0a, "x"), text(0x12, datatype), ...rest);
}

const million = 2 ** 20;
/** The dimension 2^20 + 1. */
const shape = field(0x1a, Buffer.from([0x81, 0x80, 0x40]));

function readOverGrpc(bytes: Buffer): unknown {
  return readGrpcInferRequest(bytes).inputs.map(tensorOfInput);
}

describe("a request is refused for", () => {
  it.each([
    ["dimensions without end", grpcRequest("FP32", field(0x1a, Buffer.alloc(1_000))), "it has more than 64 dimensions"],
    ["dimensions without end, one by one", grpcRequest("FP32", repeated(1_000, Buffer.from([0x18, 1]))), "it has more than 64 dimensions"],
    [
      "contents in more pieces than any client sends",
      grpcRequest("FP32", shape, repeated(5_000, field(0x2a))),
      "more than 4096 pieces of contents",
    ],
    [
      "parameters without end",
      Buffer.concat(Array.from({ length: 5_000 }, (_, index) => field(0x22, text(0x0a, `p${index}`)))),
      "more than 4096 parameters",
    ],
    [
      "numbers one by one, over gRPC",
      grpcRequest("BOOL", shape, field(0x2a, repeated(million + 1, Buffer.from([0x08, 1])))),
      'the input "x" has more than 1048576 elements that are sent one by one',
    ],
    [
      "texts, over gRPC",
      grpcRequest("BYTES", shape, field(0x2a, repeated(million + 1, Buffer.from([0x42, 0])))),
      'the input "x" has more than 1048576 elements of BYTES',
    ],
    [
      "texts, raw",
      Buffer.concat([grpcRequest("BYTES", shape), field(0x3a, Buffer.alloc(4 * (million + 1)))]),
      'the input "x" has more than 1048576 elements of BYTES',
    ],
  ])("too many %s", (_, bytes, expected) => {
    expect(refusal(() => readOverGrpc(bytes))).toContain(expected);
  });

  it("too many texts, as JSON", () => {
    const input = { name: "x", datatype: "BYTES", shape: [million + 1], data: Array.from({ length: million + 1 }, () => "") };
    const bytes = Buffer.from(JSON.stringify({ inputs: [input] }));
    expect(refusal(() => readRestInferRequest(bytes, undefined).inputs.map(tensorOfInput))).toContain(
      "more than 1048576 elements of BYTES",
    );
  });
});

describe("a request is read with", () => {
  it("a million texts, raw", () => {
    const dimension = field(0x1a, Buffer.from([0x80, 0x80, 0x40]));
    const bytes = Buffer.concat([grpcRequest("BYTES", dimension), field(0x3a, Buffer.alloc(4 * million))]);
    expect(refusal(() => readOverGrpc(bytes))).toBe("accepted");
  });

  it("millions of numbers in one packed list", () => {
    const bytes = grpcRequest("BOOL", shape, field(0x2a, field(0x0a, Buffer.alloc(million + 1, 1))));
    expect(refusal(() => readOverGrpc(bytes))).toBe("accepted");
  });
});
