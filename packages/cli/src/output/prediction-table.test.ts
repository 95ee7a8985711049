import { describe, expect, it } from "vitest";
import { parsePrediction } from "../server/prediction.ts";
import { predictionTable } from "./prediction-table.ts";

function answer(outputs: readonly object[]): string {
  return JSON.stringify({ model_name: "digits", model_version: "3", outputs });
}

describe("predictionTable()", () => {
  it("shows each output with its first values, and the highest of what looks like scores", async () => {
    const table = predictionTable(
      parsePrediction(
        answer([
          {
            name: "probabilities",
            datatype: "FP32",
            shape: [2, 10],
            data: [0, 0.1, 0.70004, 0, 0, 0, 0, 0, 0.2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
          },
          { name: "label", datatype: "INT64", shape: [2], data: [2, 0] },
          { name: "names", datatype: "BYTES", shape: [2], data: ["two", 'ze"ro'] },
          { name: "flags", datatype: "BOOL", shape: [1], data: [true] },
          { name: "empty", datatype: "FP32", shape: [0, 4], data: [] },
        ]),
      ),
    );
    await expect(`${table}\n`).toMatchFileSnapshot("../testdata/output/prediction.txt");
  });

  it("leaves rows beyond twenty out and says how many", () => {
    const table = predictionTable(parsePrediction(answer([{ name: "s", datatype: "FP32", shape: [25, 2], data: Array(50).fill(0) }])));
    expect(table).toContain("and 5 rows more");
    expect(table.split("\n")).toHaveLength(2 + 1 + 20 + 1);
  });
});

describe("parsePrediction()", () => {
  it("reads numbers that JSON has no form for, and leaves strings alone", () => {
    const json =
      '{"model_name":"m","outputs":[{"name":"NaN","datatype":"FP32","shape":[4],"data":[NaN,-Infinity,Infinity,"is NaN \\" NaN"]}]}';
    expect(parsePrediction(json)).toMatchObject({
      outputs: [{ name: "NaN", data: ["NaN", "-Infinity", "Infinity", 'is NaN " NaN'] }],
      json,
    });
  });

  it.each(["", "[]", '{"model_name":"m"}'])("refuses %j", (json) => {
    expect(() => parsePrediction(json)).toThrow(/the answer is n/);
  });
});
