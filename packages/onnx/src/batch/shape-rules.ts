/** Operators that change the form of rows, and those that read and put together shapes. */
import { integer, integers, otherAxes, type RowNode, rowSizes } from "./row-node.ts";
import type { RowRules } from "./row-rules.ts";
import { axisOf, type RowValue, rowsOf, type Size, sizesOf, sizesValue, someConstant } from "./row-value.ts";

/** See the module. */
export const shapeRules: RowRules = {
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Shape: shape,
  Expand: expand,
  ConstantOfShape: ({ inputs: [value] }) => filled(value),
};

/** The first size must be that of the rows: named so, taken over by 0, or what is left when the others are the whole of a row. */
function reshape(node: RowNode): RowValue | undefined {
  const from = rowSizes(node);
  const to = sizesOf(node.inputs[1])?.sizes;
  if (!from || !to || to.slice(1).includes("rows")) return undefined;
  const [first, ...others] = to;
  const isCopied = integer(node, "allowzero", 0) === 0;
  const sizes = others.map((size, index): Size => (size === 0 && isCopied ? (from[index] ?? "any") : size));
  const isRows =
    first === "rows" ||
    (first === 0 && isCopied) ||
    (first === -1 && elementsOf(sizes) === elementsOf(from) && elementsOf(from) !== undefined);
  return isRows ? rowsOf(withoutOpen(sizes, from)) : undefined;
}

/** Elements of a row; `undefined` when it is not known. */
function elementsOf(sizes: readonly Size[]): number | undefined {
  let product = 1;
  for (const size of sizes) {
    if (typeof size !== "number" || size < 0) return undefined;
    product *= size;
  }
  return product;
}

/** A size of -1 is what the others leave of a row. */
function withoutOpen(sizes: readonly Size[], from: readonly Size[]): readonly Size[] {
  const whole = elementsOf(from);
  const rest = elementsOf(sizes.filter((size) => size !== -1));
  const left = whole !== undefined && rest !== undefined && rest > 0 ? whole / rest : "any";
  return sizes.map((size) => (size === -1 ? left : size));
}

function flatten(node: RowNode): RowValue | undefined {
  const sizes = rowSizes(node);
  if (!sizes || axisOf(integer(node, "axis", 1), sizes.length + 1) !== 1) return undefined;
  return rowsOf([elementsOf(sizes) ?? "any"]);
}

function transpose(node: RowNode): RowValue | undefined {
  const sizes = rowSizes(node);
  const order = integers(node, "perm");
  if (!sizes || order?.[0] !== 0 || order.length !== sizes.length + 1) return undefined;
  return rowsOf(order.slice(1).map((axis) => sizes[axis - 1] ?? "any"));
}

function squeeze(node: RowNode): RowValue | undefined {
  const list = sizesOf(node.inputs[0]);
  if (list) return list.sizes.length === 1 ? sizesValue(list.sizes, 0) : undefined;
  const sizes = rowSizes(node);
  const axes = integers(node, "axes", 1);
  const others = sizes && axes && otherAxes(axes, sizes.length + 1);
  return others && rowsOf(sizes.filter((_, index) => !others.includes(index + 1)));
}

function unsqueeze(node: RowNode): RowValue | undefined {
  const axes = integers(node, "axes", 1);
  const list = sizesOf(node.inputs[0]);
  if (list) return list.rank === 0 && axes?.length === 1 ? sizesValue(list.sizes, 1) : undefined;
  const sizes = rowSizes(node);
  if (!sizes || !axes) return undefined;
  const others = otherAxes(axes, sizes.length + 1 + axes.length);
  if (!others) return undefined;
  const rest = [...sizes];
  return rowsOf(
    Array.from({ length: sizes.length + axes.length }, (_, index) => (others.includes(index + 1) ? 1 : (rest.shift() ?? "any"))),
  );
}

function shape(node: RowNode): RowValue | undefined {
  const sizes = rowSizes(node);
  if (!sizes) return undefined;
  const all: readonly Size[] = ["rows", ...sizes];
  return sizesValue(all.slice(integer(node, "start", 0), integer(node, "end", all.length)), 1);
}

function filled(value: RowValue | undefined): RowValue | undefined {
  const list = sizesOf(value);
  if (!list || list.sizes.slice(1).includes("rows")) return undefined;
  return list.sizes[0] === "rows" ? rowsOf(list.sizes.slice(1)) : someConstant;
}

/** Rows stay as many; what is the same for all of them becomes one for each. */
function expand({ inputs: [value, to] }: RowNode): RowValue | undefined {
  const sizes = sizesOf(to)?.sizes;
  if (!sizes || sizes.slice(1).includes("rows")) return undefined;
  if (value?.kind === "rows") {
    const isSame =
      sizes.length <= value.sizes.length || (sizes.length === value.sizes.length + 1 && (sizes[0] === "rows" || sizes[0] === 1));
    return isSame ? rowsOf(value.sizes.map(() => "any")) : undefined;
  }
  if (value?.kind !== "constant" || value.shape === undefined || sizes[0] !== "rows") return undefined;
  const isBelow = value.shape.length < sizes.length || (value.shape.length === sizes.length && value.shape[0] === 1);
  return isBelow ? rowsOf(sizes.slice(1).map(() => "any")) : undefined;
}
