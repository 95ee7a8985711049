import { type Datatype, type InferenceParameters, type RequestedOutput, type Tensor, tensorFromJson } from "@modelyard/codec";
import { PlatformError } from "@modelyard/core";
import type { ModelSignature } from "@modelyard/runtimes";
import { describe, expect, it } from "vitest";
import { checkClassification, classifyOutputs } from "./classification.ts";

function tensor(datatype: Datatype, shape: readonly number[], data: readonly unknown[]): Tensor {
  return tensorFromJson({ name: "y", datatype, shape }, { data, exact: () => data });
}

function signature(datatype: Datatype, shape: readonly number[]): ModelSignature {
  return { platform: "fake", inputs: [{ name: "x", datatype, shape }], outputs: [{ name: "y", datatype, shape }] };
}

const wanted = (classification: unknown): RequestedOutput[] => [{ name: "y", parameters: { classification } }];

function classes(output: Tensor, count: number, shape: readonly number[] = [-1, -1]): { shape: readonly number[]; texts: string[] } {
  const [answer] = classifyOutputs([output], wanted(count), signature(output.datatype, shape));
  if (answer?.datatype !== "BYTES") throw new Error("classes are texts");
  return { shape: answer.shape, texts: answer.elements.map((element) => Buffer.from(element).toString()) };
}

describe("classifyOutputs()", () => {
  it("gives the largest values of each row with their positions, largest first", () => {
    expect(classes(tensor("FP32", [2, 3], [0.5, 2, -1, 7, 8, 9]), 2)).toEqual({
      shape: [2, 2],
      texts: ["2.000000:1", "0.500000:0", "9.000000:2", "8.000000:1"],
    });
  });

  it("takes the whole output as one row where the model takes no batches", () => {
    expect(classes(tensor("FP64", [1, 2, 2], [1, 2, 3, 4]), 1, [1, 2, 2])).toEqual({ shape: [1], texts: ["4.000000:3"] });
  });

  it("gives no more classes than there are, equal ones in their order", () => {
    expect(classes(tensor("INT32", [1, 3], [5, 7, 5]), 10).texts).toEqual(["7:1", "5:0", "5:2"]);
  });

  it.each<[Datatype, readonly unknown[], readonly string[]]>([
    ["INT64", [1, -5], ["1:0", "-5:1"]],
    ["UINT8", [3, 250], ["250:1", "3:0"]],
    ["FP16", [0.5, 2], ["2.000000:1", "0.500000:0"]],
    ["FP32", ["NaN", 1, "Infinity"], ["inf:2", "1.000000:1", "nan:0"]],
    ["FP64", [1e22, -1], ["10000000000000000000000.000000:0", "-1.000000:1"]],
  ])("writes %s values as C does", (datatype, data, texts) => {
    expect(classes(tensor(datatype, [1, data.length], data), 3).texts).toEqual(texts);
  });

  it("leaves other outputs, empty batches and a count of 0 alone", () => {
    const output = tensor("FP32", [1, 2], [1, 2]);
    const outputs = [output];
    expect(classifyOutputs(outputs, [{ name: "y", parameters: undefined }], signature("FP32", [-1, 2]))).toBe(outputs);
    expect(classifyOutputs(outputs, wanted(0n), signature("FP32", [-1, 2]))).toEqual(outputs);
    expect(classes(tensor("FP32", [0, 2], []), 1)).toEqual({ shape: [0, 0], texts: [] });
  });
});

describe("checkClassification()", () => {
  const check = (datatype: Datatype, parameters: InferenceParameters): string => {
    try {
      checkClassification({ name: "y", parameters }, { name: "y", datatype, shape: [-1] });
    } catch (error) {
      return PlatformError.from(error).message;
    }
    return "accepted";
  };

  it("accepts whole numbers, of either face", () => {
    expect([check("FP32", { classification: 3 }), check("FP32", { classification: 3n }), check("BYTES", { classification: 0 })]).toEqual([
      "accepted",
      "accepted",
      "accepted",
    ]);
  });

  it.each([[-1], [1.5], ["3"], [true], [{}]])("refuses the count %j and shows it", (classification) => {
    expect(check("FP32", { classification })).toContain(`must be a whole number of 0 or more, got ${JSON.stringify(classification)}`);
  });

  it("refuses classes of texts and booleans", () => {
    expect(check("BYTES", { classification: 1 })).toContain("has the datatype BYTES");
    expect(check("BOOL", { classification: 1 })).toContain("has the datatype BOOL");
  });
});
