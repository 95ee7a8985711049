/** The sample data that lies beside the repository of its developers; a user's clone has none, and says so. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { root } from "../../repository.ts";

const folder = resolve(root, "..", "shared", "data", "models");

/** Whether the data is here. */
const hasSharedData: boolean = existsSync(folder);

/** Absolute path of a file of the data. */
export function sharedModel(path: string): string {
  if (!hasSharedData) throw new Error(`This point needs the sample data in ${folder}, which is not there`);
  return join(folder, path);
}

/** A tensor in the JSON form of the protocol. */
export interface JsonTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: string;
  readonly data: readonly (number | string | boolean)[];
}

/** An input with its known answer. */
export interface KnownCase {
  readonly id: string;
  readonly inputs: readonly JsonTensor[];
  readonly outputs: readonly JsonTensor[];
  readonly tolerance: { readonly abs: number; readonly rel: number };
}

/** Cases of a file in the form of the sample data. */
export function readCases(path: string): readonly KnownCase[] {
  return JSON.parse(readFileSync(path, "utf8")) as readonly KnownCase[];
}

/** The 200 MNIST test images with the model's logits (idx format: 16 bytes of head, then 28 x 28 bytes each). */
export function mnistImages(): readonly KnownCase[] {
  const pixels = readFileSync(sharedModel("mnist/t10k-images-first200-idx3-ubyte")).subarray(16);
  const expected = JSON.parse(readFileSync(sharedModel("mnist/t10k-first200-expected.json"), "utf8")) as {
    readonly tolerance: KnownCase["tolerance"];
    readonly logits: readonly (readonly number[])[];
  };
  return expected.logits.map((logits, index) => ({
    id: `t10k-${index}`,
    inputs: [{ name: "Input3", shape: [1, 1, 28, 28], datatype: "FP32", data: [...pixels.subarray(index * 784, index * 784 + 784)] }],
    outputs: [{ name: "Plus214_Output_0", shape: [1, 10], datatype: "FP32", data: logits }],
    tolerance: expected.tolerance,
  }));
}

/** The first difference between an answer and what is expected, or undefined. */
export function difference(known: KnownCase, outputs: readonly JsonTensor[]): string | undefined {
  for (const want of known.outputs) {
    const have = outputs.find(({ name }) => name === want.name);
    if (!have) return `${known.id}: the output ${want.name} is missing`;
    if (have.datatype !== want.datatype || String(have.shape) !== String(want.shape)) {
      return `${known.id}: ${want.name} is ${have.datatype} [${have.shape.join()}] where ${want.datatype} [${want.shape.join()}] is wanted`;
    }
    const wrong = want.data.findIndex((value, index) => !isWithin(value, have.data[index], known.tolerance));
    if (wrong >= 0 || have.data.length !== want.data.length)
      return `${known.id}: ${want.name}[${wrong}] is ${have.data[wrong]} where ${want.data[wrong]} is wanted`;
  }
  return undefined;
}

function isWithin(
  want: number | string | boolean,
  have: number | string | boolean | undefined,
  tolerance: KnownCase["tolerance"],
): boolean {
  if (typeof want !== "number" || typeof have !== "number") return want === have;
  return Math.abs(have - want) <= tolerance.abs + tolerance.rel * Math.abs(want);
}
