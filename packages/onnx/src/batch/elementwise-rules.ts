/** Operators that work on each element, and those that broadcast: ONNX operators, "Multidirectional Broadcasting". */
import { integer, isAbsent, type RowNode } from "./row-node.ts";
import { type RowRules, rulesFor } from "./row-rules.ts";
import { type RowValue, rowsOf, type Size, sizesOf, sizesValue, someConstant } from "./row-value.ts";

const unary = [
  ["Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitwiseNot", "Ceil", "Celu", "Cos", "Cosh", "Elu", "Erf", "Exp"],
  ["Floor", "Gelu", "HardSigmoid", "HardSwish", "IsInf", "IsNaN", "LeakyRelu", "Log", "Mish", "Neg", "Not", "Reciprocal"],
  ["Relu", "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh"],
  ["ThresholdedRelu"],
].flat();

const broadcasting = [
  ["Add", "And", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Clip", "Div", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"],
  ["Max", "Mean", "Min", "Mod", "Mul", "Or", "PRelu", "Pow", "Sub", "Sum", "Where", "Xor"],
].flat();

/** See the module. */
export const elementwiseRules: RowRules = {
  ...rulesFor(unary, ({ inputs: [value] }) => (value?.kind === "rows" ? value : undefined)),
  // Of sizes, too.
  ...rulesFor(["Cast", "Identity"], ({ inputs: [value] }) => value),
  ...rulesFor(broadcasting, broadcast),
  // In training it drops at random.
  Dropout: (node) => (isAbsent(node, 2) ? node.inputs[0] : undefined),
  DequantizeLinear: quantized,
  QuantizeLinear: quantized,
};

/** A scale for each part of an axis is a constant that lies along that axis, so it must not be that of the rows. */
function quantized(node: RowNode): RowValue | undefined {
  const [value, ...scales] = node.inputs;
  if (value?.kind !== "rows" || !scales.every((one) => one === undefined || one.kind === "constant")) return undefined;
  const isWhole = scales.every((one) => one?.kind !== "constant" || one.shape?.length === 0);
  return isWhole || integer(node, "axis", 1) > 0 ? value : undefined;
}

function broadcast({ inputs }: RowNode): RowValue | undefined {
  const given = inputs.filter((value) => value !== undefined);
  const rank = Math.max(...given.map((value) => (value.kind === "rows" ? value.sizes.length + 1 : 0)));
  if (rank === 0) return broadcastSizes(given);
  const shapes = given.map((value) => alignedSizes(value, rank));
  if (!shapes.every((shape) => shape !== undefined)) return undefined;
  return rowsOf(Array.from({ length: rank - 1 }, (_, axis) => shapes.map((shape) => shape[axis] ?? 1).reduce(wider)));
}

/** Sizes of the axes other than the rows', of rows and of what is the same for each of them. */
function alignedSizes(value: RowValue, rank: number): readonly Size[] | undefined {
  if (value.kind === "rows") return value.sizes.length + 1 === rank ? value.sizes : undefined;
  const shape = shapeOf(value);
  if (shape === undefined || shape.length > rank) return undefined;
  const padded: readonly Size[] = [...Array.from({ length: rank - shape.length }, () => 1), ...shape];
  return padded[0] === 1 ? padded.slice(1) : undefined;
}

function shapeOf(value: RowValue): readonly Size[] | undefined {
  if (value.kind === "constant") return value.shape;
  if (value.kind !== "sizes" || value.sizes.includes("rows")) return undefined;
  return value.rank === 0 ? [] : [value.sizes.length];
}

function wider(one: Size, other: Size): Size {
  if (one === 1) return other;
  return other === 1 || one === other ? one : "any";
}

/** What comes of a calculation with the number of rows is not followed. */
function broadcastSizes(values: readonly RowValue[]): RowValue | undefined {
  if (values.every(({ kind }) => kind === "constant")) return someConstant;
  const all = values.map(sizesOf);
  if (!all.every((one) => one !== undefined && !one.sizes.includes("rows"))) return undefined;
  const length = Math.max(...all.map((one) => one?.sizes.length ?? 0));
  const isList = all.some((one) => one?.rank === 1);
  return sizesValue(
    Array.from({ length }, () => "any" as const),
    isList ? 1 : 0,
  );
}
