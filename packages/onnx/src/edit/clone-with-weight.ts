/** Copies of a model that differ in one weight: many distinct models for tests and measurements, each with answers of its own. */
import { assert, failure } from "@modelyard/core";
import { elementCodeOf } from "../element-type.ts";
import type { OnnxModel, OnnxTensor } from "../model.ts";
import { parseModel, writeModel } from "../parse-model.ts";
import { replaceInitializer } from "./edit-graph.ts";

/** Which weight gets which value. */
export interface WeightChange {
  /** Name of an FP32 initializer. Default the first one of the graph. */
  readonly initializer?: string;
  /** Place in row-major order. Default 0. */
  readonly index?: number;
  readonly value: number;
}

/** Copies a model with one FP32 weight changed; fails with `NOT_FOUND` when there is no such weight. */
export function cloneWithWeight(bytes: Uint8Array, change: WeightChange): Uint8Array {
  const model = parseModel(bytes);
  const tensor = weightOf(model, change.initializer);
  return writeModel(replaceInitializer(model, withElement(tensor, change.index ?? 0, change.value)));
}

function weightOf(model: OnnxModel, wanted: string | undefined): OnnxTensor {
  const tensor = model.graph?.initializer.find(
    ({ name, dataType }) => dataType === elementCodeOf("FP32") && (wanted === undefined || name === wanted),
  );
  if (tensor === undefined) throw failure("NOT_FOUND", { what: wanted === undefined ? "An FP32 weight" : `The FP32 weight "${wanted}"` });
  return tensor;
}

function withElement(tensor: OnnxTensor, index: number, value: number): OnnxTensor {
  const count = tensor.rawData === undefined ? tensor.floatData.length : tensor.rawData.length / 4;
  assert(index >= 0 && index < count, `the weight ${tensor.name ?? ""} has an element ${index}`);
  if (tensor.rawData === undefined) return { ...tensor, floatData: tensor.floatData.with(index, value) };
  const rawData = Uint8Array.from(tensor.rawData);
  new DataView(rawData.buffer).setFloat32(index * 4, value, true);
  return { ...tensor, rawData };
}
