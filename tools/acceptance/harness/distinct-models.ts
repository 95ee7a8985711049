/** Many MNIST models that differ in one weight each: one element of the last bias, so that the right answer of each is known exactly. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseModel, replaceInitializer, writeModel } from "@modelyard/onnx";
import { type KnownCase, sharedModel } from "./shared-data.ts";

const bias = "Parameter194";

/** The weight that model `index` has changed: which class, and by how much. No two models agree. */
function changeOf(index: number): { readonly digit: number; readonly by: number } {
  return { digit: index % 10, by: 16 * (1 + Math.floor(index / 10)) };
}

/** Writes `count` models into a folder; gives their paths. */
export function writeDistinctModels(folder: string, count: number): readonly string[] {
  mkdirSync(folder, { recursive: true });
  const model = parseModel(readFileSync(sharedModel("mnist/mnist.onnx")));
  const original = model.graph?.initializer.find(({ name }) => name === bias);
  if (!original) throw new Error(`The MNIST model has no initializer ${bias}`);
  return Array.from({ length: count }, (_, index) => {
    const { digit, by } = changeOf(index);
    const floatData = original.floatData.map((value, position) => (position === digit ? value + by : value));
    const path = join(folder, `mnist-${index}.onnx`);
    writeFileSync(path, writeModel(replaceInitializer(model, { ...original, floatData })));
    return path;
  });
}

/** What model `index` answers to a case of the unchanged model. */
export function caseOfModel(known: KnownCase, index: number): KnownCase {
  const { digit, by } = changeOf(index);
  const outputs = known.outputs.map((output) => ({
    ...output,
    data: output.data.map((value, position) => (position === digit ? Number(value) + by : value)),
  }));
  return { ...known, id: `${known.id} of model ${index}`, outputs };
}
