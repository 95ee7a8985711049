import { bytesOfTensor, tensorOfInput } from "@modelyard/codec";
import { PlatformError } from "@modelyard/core";
import type { ModelSignature } from "@modelyard/runtimes";
import { describe, expect, it } from "vitest";
import { rawBodyRequest } from "./raw-body-request.ts";

function signature(...inputs: ModelSignature["inputs"]): ModelSignature {
  return { platform: "fake", inputs, outputs: [] };
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return PlatformError.from(error).message;
  }
  return "accepted";
}

describe("rawBodyRequest()", () => {
  it.each([
    { shape: [2, 2], size: 16, wanted: [2, 2] },
    { shape: [-1, 2], size: 24, wanted: [3, 2] },
    { shape: [-1, 2, -1], size: 24, wanted: [1, 2, 3] },
    { shape: [], size: 4, wanted: [] },
    { shape: [-1], size: 0, wanted: [0] },
  ])("gives a body of $size bytes for the shape $shape the shape $wanted", ({ shape, size, wanted }) => {
    const body = Buffer.alloc(size, 1);
    const [input] = rawBodyRequest(body, signature({ name: "x", datatype: "FP32", shape })).inputs;
    expect(input?.shape).toEqual(wanted);
    expect(input && bytesOfTensor(tensorOfInput(input))).toEqual(body);
  });

  it("takes the whole body as the one element of a BYTES input", () => {
    const [input] = rawBodyRequest(Buffer.from("text"), signature({ name: "x", datatype: "BYTES", shape: [-1] })).inputs;
    const tensor = input && tensorOfInput(input);
    expect(input?.shape).toEqual([1]);
    expect(tensor?.datatype === "BYTES" && tensor.elements.map((element) => Buffer.from(element).toString())).toEqual(["text"]);
  });

  it("refuses a model with several inputs, shapes that cannot be known, and bodies that do not fit", () => {
    const x = { name: "x", datatype: "FP32", shape: [-1] } as const;
    expect(refusal(() => rawBodyRequest(Buffer.alloc(4), signature(x, { ...x, name: "z" })))).toContain("exactly 1 input; this one has 2");
    expect(refusal(() => rawBodyRequest(Buffer.alloc(4), signature({ ...x, shape: [2, -1, -1] })))).toContain("has 2 open dimensions");
    const [input] = rawBodyRequest(Buffer.alloc(6), signature(x)).inputs;
    expect(refusal(() => input && tensorOfInput(input))).toContain("shape [1]: expected 4 bytes, got 6");
  });
});
