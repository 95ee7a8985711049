/** Layers: products with constant weights, convolutions, pools, normalisations. */
import { areConstant, integer, type RowNode, rowSizes } from "./row-node.ts";
import { type RowRules, rulesFor } from "./row-rules.ts";
import { axisOf, type RowValue, rowsOf, type Size } from "./row-value.ts";

/** See the module. */
export const layerRules: RowRules = {
  MatMul: (node) => product(node, node.inputs[1]),
  MatMulInteger: (node) => (areConstant(node, 1) ? product(node, node.inputs[1]) : undefined),
  QLinearMatMul: (node) => (areConstant(node, 1) ? product(node, node.inputs[3]) : undefined),
  Gemm: gemm,
  ...rulesFor(["Conv", "ConvInteger", "ConvTranspose", "QLinearConv"], (node) => (areConstant(node, 1) ? spatial(node) : undefined)),
  ...rulesFor(["AveragePool", "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool", "LRN", "LpPool", "MaxPool"], pool),
  ...rulesFor(["DepthToSpace", "SpaceToDepth"], spatial),
  ...rulesFor(["GroupNormalization", "InstanceNormalization"], (node) => (areConstant(node, 1) ? node.inputs[0] : undefined)),
  BatchNormalization: (node) => (areConstant(node, 1) && integer(node, "training_mode", 0) === 0 ? node.inputs[0] : undefined),
  ...rulesFor(["LayerNormalization", "RMSNormalization"], layerNormalization),
  LpNormalization: (node) => (isOtherAxis(node, -1) ? node.inputs[0] : undefined),
  MeanVarianceNormalization: () => undefined,
};

/** Rows times a matrix that is the same for all; or rows of matrices times rows of matrices. */
function product(node: RowNode, right: RowValue | undefined): RowValue | undefined {
  const left = rowSizes(node);
  if (left === undefined || left.length === 0) return undefined;
  // Sizes of matrices may widen each other.
  if (right?.kind === "rows") return left.length >= 2 && left.length === right.sizes.length ? rowsOf(left.map(() => "any")) : undefined;
  if (right?.kind !== "constant" || right.shape === undefined) return undefined;
  const { shape } = right;
  if (shape.length === 1) return rowsOf(left.slice(0, -1));
  const isBelow = shape.length === 2 || shape.length <= left.length || (shape.length === left.length + 1 && shape[0] === 1);
  const [columns = "any"] = shape.slice(-1);
  // Where the constant has more axes of matrices than one, their sizes may widen those of the rows.
  if (isBelow) return rowsOf([...left.slice(0, -1).map((size) => (shape.length > 2 ? "any" : size)), columns]);
  return undefined;
}

function gemm(node: RowNode): RowValue | undefined {
  const [, right, added] = node.inputs;
  if (rowSizes(node)?.length !== 1 || right?.kind !== "constant" || right.shape?.length !== 2 || integer(node, "transA", 0) !== 0)
    return undefined;
  const columns = right.shape[integer(node, "transB", 0) === 0 ? 1 : 0] ?? "any";
  if (added === undefined) return rowsOf([columns]);
  if (added.kind === "rows") return added.sizes.length === 1 ? rowsOf([columns]) : undefined;
  if (added.kind !== "constant" || added.shape === undefined) return undefined;
  return added.shape.length < 2 || added.shape[0] === 1 ? rowsOf([columns]) : undefined;
}

/** Axes: rows, channels, then places; how many of the latter come out is not followed. */
function spatial(node: RowNode): RowValue | undefined {
  const sizes = rowSizes(node);
  return sizes && sizes.length >= 2 ? rowsOf(sizes.map(() => "any")) : undefined;
}

function pool(node: RowNode): RowValue | undefined {
  const sizes = rowSizes(node);
  if (!sizes || sizes.length < 2) return undefined;
  const [channels = "any", ...places] = sizes;
  const size: Size = node.node.opType?.startsWith("Global") ? 1 : "any";
  return node.node.opType === "LRN" ? node.inputs[0] : rowsOf([channels, ...places.map(() => size)]);
}

function layerNormalization(node: RowNode): readonly RowValue[] | undefined {
  const sizes = rowSizes(node);
  if (!sizes || !areConstant(node, 1) || !isOtherAxis(node, -1)) return undefined;
  const statistics = rowsOf(sizes.map(() => "any"));
  return [rowsOf(sizes), statistics, statistics];
}

function isOtherAxis(node: RowNode, otherwise: number): boolean {
  const sizes = rowSizes(node);
  return sizes !== undefined && (axisOf(integer(node, "axis", otherwise), sizes.length + 1) ?? 0) > 0;
}
