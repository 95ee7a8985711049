import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildTensor, parseModel, writeModel } from "@modelyard/onnx";
import { afterEach, beforeEach, expect, it } from "vitest";
import { echoModel } from "../testing/sample-models.ts";
import { lightenCopy } from "./lighten-copy.ts";

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "modelyard-lighten-"));
  path = join(dir, "model.onnx");
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function graphWithText(weightBytes = 4): Promise<Buffer> {
  const model = echoModel("lighten");
  if (!model.graph) throw new Error("the model has a graph");
  const weight = buildTensor({
    name: "w",
    datatype: "FP32",
    shape: [weightBytes / 4],
    data: Array.from({ length: weightBytes / 4 }, () => 0),
  });
  await writeFile(path, writeModel({ ...model, graph: { ...model.graph, docString: "text", initializer: [weight] } }));
  return await readFile(path);
}

it("lightenCopy() puts the lighter graph in the place of the other once it was opened", async () => {
  await graphWithText();
  const opened: string[] = [];
  await lightenCopy(path, (light) => readFile(light).then((bytes) => void opened.push(String(parseModel(bytes).graph?.docString))));
  expect(opened).toEqual(["undefined"]);
  expect([await readdir(dir), parseModel(await readFile(path)).graph?.docString]).toEqual([["model.onnx"], undefined]);
});

it("lightenCopy() leaves the graph as it was where the lighter one does not open", async () => {
  const before = await graphWithText();
  await lightenCopy(path, () => Promise.reject(new Error("the type of an output is not known")));
  expect([await readdir(dir), await readFile(path)]).toEqual([["model.onnx"], before]);
});

it("lightenCopy() leaves a large graph as it is, and does not open it", async () => {
  const before = await graphWithText(9 * 2 ** 20);
  await lightenCopy(path, () => Promise.reject(new Error("it was opened")));
  expect((await readFile(path)).equals(before)).toBe(true);
});
