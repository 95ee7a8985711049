/**
 * Runs a model whose rows are independent with several rows, compares with the same rows one by one, and times it. What the graph says must be
 * what ONNX Runtime does; where it is not, requests are not run together.
 */
import type { Tensor } from "@modelyard/codec";
import type { Clock } from "@modelyard/core";
import type { RowIndependence } from "@modelyard/onnx";
import { splitRows } from "../batching/row-batch.ts";
import { medianMicros, type RunOnce } from "./median-micros.ts";
import type { PreparedRows } from "./prepared-info.ts";
import { sampleRows } from "./sample-inputs.ts";

/** What {@link measureRows} needs. */
export interface MeasureRowsDeps {
  readonly rows: RowIndependence;
  /** Inputs that worked, of one row. */
  readonly inputs: readonly Tensor[];
  /** Of one row. */
  readonly runMicros: number;
  readonly run: (inputs: readonly Tensor[]) => ReturnType<RunOnce>;
  readonly clock: Clock;
}

const comparedRows = 8;
const timedRows = 32;
/** A slower model has no time to gain by company: its run is long beside everything else. */
const slowRunMicros = 50_000;

/** Never throws: a model that cannot do it runs its requests one by one. */
export async function measureRows({ rows, inputs, runMicros, run, clock }: MeasureRowsDeps): Promise<PreparedRows> {
  if (!rows.isIndependent) return { kind: "together", why: rows.why };
  if (runMicros > slowRunMicros) return { kind: "together", why: "its runs are long" };
  try {
    const why = await difference(sampleRows(inputs, comparedRows), run);
    if (why !== undefined) return { kind: "together", why };
    const many = sampleRows(inputs, timedRows);
    return { kind: "independent", rows: timedRows, micros: await medianMicros(() => run(many), clock) };
  } catch {
    // The first run with one row worked: what fails is the size, and with it this use of the model.
    return { kind: "together", why: "a run with several rows failed" };
  }
}

/** Why the rows together are not what they are one by one; `undefined` when they are. */
async function difference(inputs: readonly Tensor[], run: MeasureRowsDeps["run"]): Promise<string | undefined> {
  const counts = Array.from({ length: comparedRows }, () => 1);
  const together = splitRows(await run(inputs), counts);
  const single = splitRows(inputs, counts);
  if (!together || !single) return "an output does not have a row for each row of the inputs";
  for (const [row, expected] of together.entries()) {
    const alone = await run(single[row] ?? []);
    const other = alone.find((output, index) => !isClose(output, expected[index]));
    if (other) return `the output "${other.name}" of a row differs in the company of others`;
  }
  return undefined;
}

/** Kernels for more rows may add in another order: rounding of the datatype, relative to the largest element, is no difference. */
const tolerances: Readonly<Record<string, number>> = { FP32: 1e-4, FP64: 1e-10 };

function isClose(one: Tensor, other: Tensor | undefined): boolean {
  if (one.datatype !== other?.datatype || one.shape.some((size, axis) => size !== other.shape[axis])) return false;
  if (!("bytes" in one) || !("bytes" in other)) return "elements" in one && "elements" in other && areEqual(one.elements, other.elements);
  const tolerance = tolerances[one.datatype];
  if (tolerance === undefined) return Buffer.compare(one.bytes, other.bytes) === 0;
  const [first, second] = [one, other].map(({ bytes }) => floatsOf(bytes, one.datatype)) as [readonly number[], readonly number[]];
  const largest = Math.max(...first.map(Math.abs), Number.MIN_VALUE);
  return first.every((value, index) => Object.is(value, second[index]) || Math.abs(value - (second[index] ?? 0)) <= tolerance * largest);
}

function areEqual(one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
  return one.length === other.length && one.every((element, index) => Buffer.compare(element, other[index] ?? new Uint8Array()) === 0);
}

function floatsOf(bytes: Uint8Array, datatype: string): readonly number[] {
  const { buffer } = new Uint8Array(bytes);
  return Array.from(datatype === "FP32" ? new Float32Array(buffer) : new Float64Array(buffer));
}
