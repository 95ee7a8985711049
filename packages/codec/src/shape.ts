/** Shapes: what a client wrote, checked once; and how many elements they hold. */
import { failure } from "@modelyard/core";

/** Most dimensions of a tensor; more than any runtime here takes. */
export const maxRank = 64;

/** Elements of a tensor of this shape; 1 for a scalar. Infinity-free: shapes that {@link checkShape} passed stay within 2^53. */
export function elementCountOf(shape: readonly number[]): number {
  let count = 1;
  // Shapes come as arrays of several kinds, for which V8 makes an object a step of an iterator: 260 bytes a request.
  for (let axis = 0; axis < shape.length; axis++) count *= shape[axis] ?? 1;
  return count;
}

/** The shape itself, when each dimension is a whole number of 0 or more and the element count is below 2^53; else `TENSOR_SHAPE_INVALID`. */
export function checkShape(tensor: string, shape: readonly unknown[]): readonly number[] {
  const refuse = (why: string): never => {
    throw failure("TENSOR_SHAPE_INVALID", { tensor, shape: formatShape(shape), why });
  };
  if (shape.length > maxRank) refuse(`it has more than ${maxRank} dimensions`);
  let count = 1;
  for (const dimension of shape) {
    if (!isDimension(dimension)) return refuse("each dimension must be a whole number of 0 or more");
    count *= dimension;
  }
  if (!Number.isSafeInteger(count)) refuse("it holds more elements than can be counted");
  // Each element was just found to be a number.
  return shape as readonly number[];
}

/** A shape as messages show it: `[1,28,28]`; a long one is cut. */
export function formatShape(shape: readonly unknown[]): string {
  const shown = shape.slice(0, maxRank).map((dimension) => (typeof dimension === "number" ? String(dimension) : typeof dimension));
  return `[${shown.join(",")}${shape.length > maxRank ? ",…" : ""}]`;
}

function isDimension(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
