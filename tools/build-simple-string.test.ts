import { existsSync, readFileSync } from "node:fs";
import { checkModel, graphSignature, parseModel } from "@modelyard/onnx";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { buildSimpleString } from "./build-simple-string.ts";

interface TextTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: readonly string[];
}

interface Case {
  readonly id: string;
  readonly inputs: readonly TextTensor[];
  readonly outputs: readonly TextTensor[];
}

const casesFile = new URL("../../shared/data/models/simple_string/cases.json", import.meta.url);
const cases = existsSync(casesFile) ? (JSON.parse(readFileSync(casesFile, "utf8")) as readonly Case[]) : [];

async function run(inputs: readonly TextTensor[]): Promise<readonly TextTensor[]> {
  const session = await InferenceSession.create(buildSimpleString());
  const answers = await session.run(Object.fromEntries(inputs.map(({ name, shape, data }) => [name, new Tensor("string", data, shape)])));
  // The signature says strings.
  return Object.entries(answers).map(([name, { data, dims }]) => ({ name, shape: dims, data: data as string[] }));
}

describe("simple_string", () => {
  it("has the signature of the original", () => {
    const model = parseModel(buildSimpleString());
    expect(checkModel(model)).toEqual([]);
    const { inputs, outputs } = graphSignature(model);
    const text = ["INPUT0", "INPUT1", "OUTPUT0", "OUTPUT1"].map((name) => ({ kind: "tensor", name, datatype: "BYTES", shape: [-1, 16] }));
    expect([...inputs, ...outputs]).toEqual(text);
  });

  it.skipIf(cases.length === 0)("answers the known cases (skipped without ../shared)", async () => {
    for (const { id, inputs, outputs } of cases) {
      const wanted = outputs.map(({ name, shape, data }) => ({ name, shape, data }));
      expect(await run(inputs), id).toEqual(wanted);
    }
  });

  it("writes zero and large sums without sign, point or exponent", async () => {
    const row = (text: string): readonly string[] => Array.from({ length: 16 }, () => text);
    const tensors = [
      { name: "INPUT0", shape: [1, 16], data: row("-0") },
      { name: "INPUT1", shape: [1, 16], data: row("-4000000000000000000") },
    ];
    const [sum, difference] = await run(tensors);
    expect([sum?.data[0], difference?.data[0]]).toEqual(["-4000000000000000000", "4000000000000000000"]);
  });
});
