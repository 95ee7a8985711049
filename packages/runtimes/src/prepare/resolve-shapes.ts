/** Shapes of a prepared model's inputs and outputs, from what the file says, what ONNX Runtime inferred, and what a run took and gave. */
import type { PreparedTensor } from "@modelyard/onnx";
import type { OrtValueInfo } from "../onnx/ort-engine.ts";
import type { PreparedSignature } from "./prepared-info.ts";

/** What is known beyond the file. */
export interface ShapeFacts {
  /** Of the loaded session; an empty shape says "unknown" as well as "scalar". */
  readonly known: readonly OrtValueInfo[];
  /** Of a run that worked, by name: only the rank is taken from it. */
  readonly ran: ReadonlyMap<string, readonly number[]>;
}

/** Fills in the shapes that the file leaves open. A rank nobody knows becomes one dimension of any size. */
export function resolveShapes(tensors: readonly PreparedTensor[], facts: ShapeFacts): readonly PreparedSignature[] {
  return tensors.map(({ name, datatype, boundDatatype, shape }) => ({
    name,
    datatype,
    boundDatatype,
    shape: shape ?? shapeOf(name, facts),
  }));
}

function shapeOf(name: string, facts: ShapeFacts): readonly number[] {
  const known = facts.known.find((value) => value.name === name)?.shape ?? [];
  if (known.length > 0) return known.map((dim) => (dim < 0 ? -1 : dim));
  return facts.ran.get(name)?.map(() => -1) ?? [-1];
}
