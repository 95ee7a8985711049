/**
 * What is known of a value of a graph when its inputs are rows of many requests, one below the other: the domain of `rowIndependence`.
 *
 * Invariant: where it is not certain that a row of the value depends on that row of the inputs alone, the value is `mixed`.
 */
import type { OnnxTensor } from "../model.ts";

/** A size along an axis: of so many, of the number of rows, or of some number that is the same for every row. */
export type Size = number | "rows" | "any";

/** What a value is to the rows. */
export type RowValue =
  /** The same whatever the inputs are. `numbers`: its elements, when they are few integers. */
  | { readonly kind: "constant"; readonly shape: readonly number[] | undefined; readonly numbers: readonly number[] | undefined }
  /** Row `i` along axis 0 depends on row `i` of the inputs alone. `sizes`: of the other axes. */
  | { readonly kind: "rows"; readonly sizes: readonly Size[] }
  /** A list of sizes, or one size (rank 0): what `Shape` gives and shapes are put together from. */
  | { readonly kind: "sizes"; readonly sizes: readonly Size[]; readonly rank: 0 | 1 }
  | { readonly kind: "mixed"; readonly why: string };

/** Rows with the sizes of their other axes. */
export function rowsOf(sizes: readonly Size[]): RowValue {
  return { kind: "rows", sizes };
}

/** A value of which rows are not apart, or not known to be. */
export function mixed(why: string): RowValue {
  return { kind: "mixed", why };
}

/** A constant of which nothing more is known. */
export const someConstant: RowValue = { kind: "constant", shape: undefined, numbers: undefined };

const maxNumbers = 64;
const int32Code = 6;
const int64Code = 7;

/** The constant of a tensor. */
export function constantOf(tensor: OnnxTensor): RowValue {
  return { kind: "constant", shape: tensor.dims.map(Number), numbers: fewIntegers(tensor) };
}

/** A constant list, or one constant number. */
function constantNumbers(numbers: readonly number[], rank: 0 | 1 = 1): RowValue {
  return { kind: "constant", shape: rank === 0 ? [] : [numbers.length], numbers };
}

/** The value as sizes; `undefined` when it is none. */
export function sizesOf(value: RowValue | undefined): (RowValue & { readonly kind: "sizes" }) | undefined {
  if (value?.kind === "sizes") return value;
  if (value?.kind !== "constant" || value.numbers === undefined || (value.shape?.length ?? 2) > 1) return undefined;
  return { kind: "sizes", sizes: value.numbers, rank: value.shape?.length === 0 ? 0 : 1 };
}

/** Sizes as a value: a constant when all of them are numbers. */
export function sizesValue(sizes: readonly Size[], rank: 0 | 1): RowValue {
  const numbers = sizes.filter((size) => typeof size === "number");
  return numbers.length === sizes.length ? constantNumbers(numbers, rank) : { kind: "sizes", sizes, rank };
}

/** Axis of a tensor of so many axes; a negative one counts from the end. `undefined` when there is none. */
export function axisOf(axis: number, rank: number): number | undefined {
  const counted = axis < 0 ? axis + rank : axis;
  return Number.isInteger(counted) && counted >= 0 && counted < rank ? counted : undefined;
}

function fewIntegers({ dims, dataType, rawData, int64Data, int32Data, externalData }: OnnxTensor): readonly number[] | undefined {
  const count = dims.reduce((product, size) => product * Number(size), 1);
  if (count > maxNumbers || externalData.length > 0) return undefined;
  if (dataType === int64Code && rawData === undefined) return int64Data.map(Number);
  if (dataType === int32Code && rawData === undefined) return [...int32Data];
  if (rawData === undefined || (dataType !== int64Code && dataType !== int32Code)) return undefined;
  const bytes = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  const size = dataType === int64Code ? 8 : 4;
  if (bytes.byteLength !== count * size) return undefined;
  return Array.from({ length: count }, (_, index) =>
    size === 8 ? Number(bytes.getBigInt64(index * size, true)) : bytes.getInt32(index * size, true),
  );
}
