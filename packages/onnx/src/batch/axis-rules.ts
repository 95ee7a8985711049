/** Operators along an axis, which must not be that of the rows. */
import { areConstant, integer, integers, isAbsent, otherAxes, type RowNode, rowSizes } from "./row-node.ts";
import { type RowRules, rulesFor } from "./row-rules.ts";
import { axisOf, type RowValue, rowsOf, type Size, sizesOf, sizesValue } from "./row-value.ts";

const reductions = ["L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare"].map((name) => `Reduce${name}`);

/** See the module. */
export const axisRules: RowRules = {
  ...rulesFor(["Hardmax", "LogSoftmax", "Softmax"], softmax),
  ...rulesFor(reductions, reduce),
  ...rulesFor(["ArgMax", "ArgMin"], (node) => reduceAxes(node, [integer(node, "axis", 0)])),
  CumSum: (node) => alongAxes(node, integers(node, "axis", 1)),
  TopK: (node) => (areConstant(node, 1) ? alongAxes(node, [integer(node, "axis", -1)]) : undefined),
  Concat: concat,
  Split: (node) => (areConstant(node, 1) ? alongAxes(node, [integer(node, "axis", 0)]) : undefined),
  Slice: slice,
  Gather: gather,
  Pad: pad,
  OneHot: oneHot,
};

/** Same axes, the sizes along some of them unknown. */
function alongAxes(node: RowNode, axes: readonly number[] | undefined): RowValue | undefined {
  const sizes = rowSizes(node);
  const others = sizes && axes && otherAxes(axes, sizes.length + 1);
  return others && rowsOf(sizes.map((size, index) => (others.includes(index + 1) ? "any" : size)));
}

/** Before version 13 everything from the axis on is one. */
function softmax(node: RowNode): RowValue | undefined {
  const sizes = rowSizes(node);
  if (!sizes) return undefined;
  const axis = axisOf(integer(node, "axis", node.opset < 13 ? 1 : -1), sizes.length + 1);
  return axis !== undefined && axis > 0 ? node.inputs[0] : undefined;
}

function reduce(node: RowNode): RowValue | undefined {
  const axes = integers(node, "axes", 1);
  if (axes === undefined || axes.length === 0) return undefined;
  return reduceAxes(node, axes);
}

function reduceAxes(node: RowNode, axes: readonly number[]): RowValue | undefined {
  const sizes = rowSizes(node);
  const others = sizes && otherAxes(axes, sizes.length + 1);
  if (!others) return undefined;
  if (integer(node, "keepdims", 1) !== 0) return rowsOf(sizes.map((size, index) => (others.includes(index + 1) ? 1 : size)));
  return rowsOf(sizes.filter((_, index) => !others.includes(index + 1)));
}

function concat(node: RowNode): RowValue | undefined {
  const all = node.inputs.map(sizesOf);
  if (all.every((one) => one !== undefined)) {
    return sizesValue(
      all.flatMap((one) => one.sizes),
      1,
    );
  }
  const [first, ...others] = node.inputs;
  if (first?.kind !== "rows" || !others.every((one) => one?.kind === "rows" && one.sizes.length === first.sizes.length)) return undefined;
  return alongAxes(node, [integer(node, "axis", 0)]);
}

/** Of sizes, a part; of rows, a part of each. Before version 10 starts, ends and axes are attributes. */
function slice(node: RowNode): RowValue | undefined {
  const [starts, ends] = [integers(node, "starts", 1), integers(node, "ends", 2)];
  if (starts === undefined || ends === undefined || !areConstant(node, 1)) return undefined;
  const axes =
    node.node.attribute.some(({ name }) => name === "axes") || !isAbsent(node, 3)
      ? integers(node, "axes", 3)
      : starts.map((_, index) => index);
  const list = sizesOf(node.inputs[0]);
  if (!list) return alongAxes(node, axes);
  const steps = integers(node, "steps", 4) ?? [1];
  return starts.length === 1 && steps[0] === 1 ? sizesValue(list.sizes.slice(starts[0], ends[0]), 1) : undefined;
}

function gather(node: RowNode): RowValue | undefined {
  const [data, indices] = node.inputs;
  const axis = integer(node, "axis", 0);
  const list = sizesOf(data);
  if (list && indices?.kind === "constant") return gatherSizes(list.sizes, indices);
  if (data?.kind === "rows" && indices?.kind === "constant" && indices.shape) {
    const counted = axisOf(axis, data.sizes.length + 1);
    if (counted === undefined || counted === 0) return undefined;
    return rowsOf([...data.sizes.slice(0, counted - 1), ...indices.shape, ...data.sizes.slice(counted)]);
  }
  // A table looked up by rows of places.
  if (data?.kind === "constant" && data.shape && indices?.kind === "rows" && axisOf(axis, data.shape.length) === 0)
    return rowsOf([...indices.sizes, ...data.shape.slice(1)]);
  return undefined;
}

function gatherSizes(sizes: readonly Size[], indices: RowValue & { readonly kind: "constant" }): RowValue | undefined {
  const { numbers, shape } = indices;
  if (numbers === undefined || shape === undefined || shape.length > 1) return undefined;
  const found = numbers.map((index) => sizes.at(index));
  if (!found.every((size) => size !== undefined)) return undefined;
  return sizesValue(found, shape.length === 0 ? 0 : 1);
}

/** Nothing may be added before or behind the rows. */
function pad(node: RowNode): RowValue | undefined {
  const sizes = rowSizes(node);
  const pads = integers(node, "pads", 1);
  if (!sizes || !pads || !areConstant(node, 1) || !isAbsent(node, 3)) return undefined;
  const rank = sizes.length + 1;
  return pads.length === 2 * rank && pads[0] === 0 && pads[rank] === 0 ? rowsOf(sizes.map(() => "any")) : undefined;
}

function oneHot(node: RowNode): RowValue | undefined {
  const sizes = rowSizes(node);
  if (!sizes || !areConstant(node, 1)) return undefined;
  const axis = axisOf(integer(node, "axis", -1), sizes.length + 2);
  return axis !== undefined && axis > 0 ? rowsOf([...sizes.slice(0, axis - 1), "any", ...sizes.slice(axis - 1)]) : undefined;
}
