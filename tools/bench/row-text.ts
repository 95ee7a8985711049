/** Rows in words: figures with their spread, as they are printed and published. */
import { type BenchRow, median, quartiles } from "./row.ts";

/** One line: ours, theirs, ratio and budget. */
export function lineOf(row: BenchRow): string {
  const { id, ours, unit, kernelShares, peer, peerValues, ratio, ratios, budget, holds, missing } = row;
  const compared = ratio === null ? "" : `, ${peer} ${withSpread(peerValues, unit)}: ${ratiosText(ratios)}`;
  const kernel = kernelShares.ours.length === 0 ? "" : `, kernel ${percentText(median(kernelShares.ours))}`;
  const verdict = budget === null ? "" : `, budget ${budget}: ${holds ? "holds" : "missed"}`;
  return `${id.padEnd(32)} ours ${withSpread(ours, unit)}${kernel}${compared}${missing === undefined ? "" : `, not measured: ${missing}`}${verdict}`;
}

/** The median, and between which the middle half of the samples lies; `-` without samples. */
export function withSpread(values: readonly number[], unit: string): string {
  if (values.length === 0) return "-";
  const middle = `${figure(median(values))} ${unit}`;
  return values.length < 3 ? middle : `${middle} (${quartiles(values).map(figure).join("..")})`;
}

/** The same of ratios; budgets far below one need a third digit. */
export function ratiosText(ratios: readonly number[]): string {
  if (ratios.length === 0) return "-";
  const digits = (ratio: number): string => ratio.toFixed(ratio < 1 ? 3 : 2);
  return `${digits(median(ratios))}x (${quartiles(ratios).map(digits).join("..")})`;
}

/** Three digits, or all of those before the point. */
function figure(value: number): string {
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}

/** A share as per cent. */
export function percentText(share: number): string {
  return `${Math.round(100 * share)} %`;
}
