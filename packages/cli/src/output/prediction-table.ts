/** An inference's answer for people: each output with its shape and first values, and the highest where the values look like scores. */
import type { PredictedOutput, Prediction } from "../server/prediction.ts";
import { formatTable } from "./table.ts";

const maxShownValues = 8;
const maxShownRows = 20;
const maxHighest = 3;

/** The table. */
export function predictionTable(prediction: Prediction): string {
  const scored = prediction.outputs.some(looksLikeScores);
  const header = ["OUTPUT", "DATATYPE", "SHAPE", ...(scored ? ["HIGHEST"] : []), "VALUES"];
  const rows = prediction.outputs.flatMap((output) => rowsOf(output, scored));
  const served = prediction.modelVersion === "" ? "" : `, revision ${prediction.modelVersion}`;
  return `${prediction.modelName}${served}\n\n${formatTable(header, rows)}`;
}

function rowsOf(output: PredictedOutput, scored: boolean): (readonly string[])[] {
  const { name, datatype, shape, data } = output;
  const width = looksLikeScores(output) ? (shape.at(-1) ?? 1) : Math.max(1, data.length);
  const count = Math.max(1, Math.ceil(data.length / width));
  const shown = Array.from({ length: Math.min(count, maxShownRows) }, (_, row) => data.slice(row * width, (row + 1) * width));
  const rows = shown.map((values, row) => {
    const start = row === 0 ? [name, datatype, `[${shape.join(",")}]`] : ["", "", ""];
    const highest = scored ? [looksLikeScores(output) ? highestOf(values) : ""] : [];
    return [...start, ...highest, valuesText(values)];
  });
  const left = count - shown.length;
  return left > 0 ? [...rows, ["", "", "", ...(scored ? [""] : []), `and ${left} rows more`]] : rows;
}

/** Floating point numbers in rows of at least two: probabilities, logits. */
function looksLikeScores({ datatype, shape, data }: PredictedOutput): boolean {
  const width = shape.at(-1) ?? 0;
  return /^(FP|BF)\d+$/.test(datatype) && width >= 2 && data.length % width === 0 && data.every((value) => typeof value === "number");
}

/** `7 (12.31), 3 (4.02)`: index and value, highest first; the lower index wins a tie. */
function highestOf(values: readonly unknown[]): string {
  const order = values.map((value, index) => ({ value: Number(value), index })).toSorted((a, b) => b.value - a.value || a.index - b.index);
  return order
    .slice(0, maxHighest)
    .map(({ value, index }) => `${index} (${numberText(value)})`)
    .join(", ");
}

function valuesText(values: readonly unknown[]): string {
  const shown = values.slice(0, maxShownValues).map((value) => (typeof value === "number" ? numberText(value) : textOf(value)));
  return values.length > maxShownValues ? `${shown.join(", ")}, … (${values.length})` : shown.join(", ");
}

function textOf(value: unknown): string {
  const text = typeof value === "string" && !/^(NaN|-?Infinity)$/.test(value) ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** Four significant digits; whole numbers whole. */
function numberText(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}
