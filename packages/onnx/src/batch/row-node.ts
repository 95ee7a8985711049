/** A node as the rules of `row-rules.ts` read it: its inputs by what they are to the rows, its attributes by name. */
import type { OnnxNode } from "../model.ts";
import { axisOf, type RowValue, type Size } from "./row-value.ts";

/** A node with what is known of its inputs. */
export interface RowNode {
  readonly node: OnnxNode;
  /** `undefined` for an input that is left out. */
  readonly inputs: readonly (RowValue | undefined)[];
  /** Version of the operator's domain. */
  readonly opset: number;
}

/** An integer attribute. */
export function integer({ node }: RowNode, name: string, otherwise: number): number {
  const found = node.attribute.find((one) => one.name === name);
  return found?.i === undefined ? otherwise : Number(found.i);
}

/** A list of integers: the attribute of this name, or the constant input at this place (operators moved them there). `undefined` when neither says. */
export function integers(from: RowNode, name: string, inputIndex?: number): readonly number[] | undefined {
  const found = from.node.attribute.find((one) => one.name === name);
  if (found) return found.ints.map(Number);
  const input = inputIndex === undefined ? undefined : from.inputs[inputIndex];
  return input?.kind === "constant" ? input.numbers : undefined;
}

/** Whether an input is left out. */
export function isAbsent({ inputs }: RowNode, index: number): boolean {
  return inputs[index] === undefined;
}

/** Sizes of the other axes of an input that is rows. */
export function rowSizes({ inputs }: RowNode, index = 0): readonly Size[] | undefined {
  const value = inputs[index];
  return value?.kind === "rows" ? value.sizes : undefined;
}

/** Whether every input from this place on is the same for every request. */
export function areConstant({ inputs }: RowNode, from: number): boolean {
  return inputs.slice(from).every((value) => value === undefined || value.kind === "constant");
}

/** Axes counted from the front, when all of them exist and none is that of the rows. */
export function otherAxes(axes: readonly number[], rank: number): readonly number[] | undefined {
  const counted = axes.map((axis) => axisOf(axis, rank));
  return counted.every((axis) => axis !== undefined && axis > 0) ? counted.filter((axis) => axis !== undefined) : undefined;
}
