/** Fits the shape data has to the shape a model wants. Never guesses an order of axes: only leading ones and flat data are bent. */

/** Elements of a shape without free sizes. */
export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * The shape to send, or undefined when the data does not fit. In this order: as it is; with leading ones added or removed; each row spread over
 * the sizes after the first; flat data spread over the whole shape.
 */
export function fitShape(have: readonly number[], wanted: readonly number[]): readonly number[] | undefined {
  const missing = wanted.length - have.length;
  const padded = missing > 0 ? [...Array<number>(missing).fill(1), ...have] : have;
  const surplus = Math.max(0, -missing);
  const trimmed = padded.slice(0, surplus).every((size) => size === 1) ? padded.slice(surplus) : padded;
  if (matches(trimmed, wanted)) return trimmed;
  const [rows, ...rest] = have;
  const [first, ...others] = wanted;
  const isSpreadable = rows !== undefined && first !== undefined && others.every((size) => size >= 0) && countOf(others) === countOf(rest);
  if (have.length > 1 && isSpreadable && (first < 0 || first === rows)) return [rows, ...others];
  return have.length <= 1 || countOf(have.slice(0, -1)) === 1 ? spread(countOf(have), wanted) : undefined;
}

/** Whether a shape is one of those wanted. */
export function matches(have: readonly number[], wanted: readonly number[]): boolean {
  return have.length === wanted.length && wanted.every((size, axis) => size < 0 || size === have[axis]);
}

/** All elements in one free size, the first; further free ones are 1. */
function spread(count: number, wanted: readonly number[]): readonly number[] | undefined {
  const fixed = countOf(wanted.filter((size) => size >= 0));
  const free = wanted.findIndex((size) => size < 0);
  if (free < 0) return fixed === count ? wanted : undefined;
  const size = count / fixed;
  if (!Number.isInteger(size) || size < 1) return undefined;
  return wanted.map((one, axis) => (axis === free ? size : Math.abs(one)));
}
