import { describe, expect, it } from "vitest";
import { type Tensor, tensorFromBytes } from "../index.ts";
import { tensorOfInput } from "./inference-message.ts";
import { readV1PredictRequest, type V1Input } from "./v1-predict-request.ts";
import { writeV1PredictResponse } from "./v1-predict-response.ts";

function read(text: string, ...inputs: readonly V1Input[]): Tensor[] {
  return readV1PredictRequest(Buffer.from(text), inputs).inputs.map(tensorOfInput);
}

const answer = (form: "rows" | "columns", ...outputs: readonly Tensor[]): unknown =>
  JSON.parse(writeV1PredictResponse({ modelName: "m", modelVersion: "1", id: "", outputs }, form));

describe("readV1PredictRequest()", () => {
  it("reads texts and base64, and integers beyond 2^53 exactly", () => {
    const [words] = read('{"instances":["a",{"b64":"/w=="}]}', { name: "w", datatype: "BYTES" });
    expect(words?.datatype === "BYTES" && words.elements.map((element) => [...element])).toEqual([[97], [255]]);
    const [wide] = read('{"inputs":{"n":[9007199254740993]}}', { name: "n", datatype: "INT64" });
    expect(wide).toEqual({ name: "n", datatype: "INT64", shape: [1], bytes: expect.any(Uint8Array) });
    expect(wide && "bytes" in wide && Buffer.from(wide.bytes).readBigInt64LE()).toBe(9007199254740993n);
  });

  it("refuses what is not base64, and values without names for several inputs", () => {
    expect(() => read('{"instances":[{"b64":"?"}]}', { name: "w", datatype: "BYTES" })).toThrow("is not base64");
    const two: V1Input[] = ["a", "b"].map((name) => ({ name, datatype: "FP32" }));
    expect(() => read('{"instances":[1]}', ...two)).toThrow('name no input, and the model has 2: "a", "b"');
  });
});

describe("writeV1PredictResponse()", () => {
  const a = tensorFromBytes({ name: "a", datatype: "UINT8", shape: [2, 2] }, Buffer.from([1, 2, 3, 4]));
  const b: Tensor = { name: "b", datatype: "BYTES", shape: [2], elements: [Buffer.from("ü"), Buffer.from([255])] };

  it("writes several outputs as objects, by rows or by columns", () => {
    expect(answer("rows", a, b)).toEqual({
      predictions: [
        { a: [1, 2], b: "ü" },
        { a: [3, 4], b: { b64: "/w==" } },
      ],
    });
    expect(answer("columns", a, b)).toEqual({
      outputs: {
        a: [
          [1, 2],
          [3, 4],
        ],
        b: ["ü", { b64: "/w==" }],
      },
    });
  });

  it("refuses rows of outputs that have not the same number of them", () => {
    expect(() => answer("rows", a, { ...b, shape: [1] })).toThrow('the output "b"');
  });
});
