/** Rows in words: figures with their spread, as they are printed and published. */
import { type BenchRow, median, quartiles } from "./row.ts";

/** One line: ours, theirs, ratio and budget. */
export function lineOf(row: BenchRow): string {
  const { id, ours, unit, kernelShares, peer, peerValues, ratio, ratios, budget, holds, missing } = row;
  const compared = ratio === null ? "" : `, ${peer} ${withSpread(peerValues, figure)}: ${withSpread(ratios, ratioText)}`;
  const kernel = kernelShares.ours.length === 0 ? "" : `, kernel ${percentText(median(kernelShares.ours))}`;
  const verdict = budget === null ? "" : `, budget ${budget}: ${holds ? "holds" : "missed"}`;
  return `${id.padEnd(32)} ours ${withSpread(ours, figure)} ${unit}${kernel}${compared}${missing === undefined ? "" : `, not measured: ${missing}`}${verdict}`;
}

/** The median, and between which the middle half of the samples lies; `-` without samples. */
export function withSpread(values: readonly number[], text: (value: number) => string): string {
  if (values.length === 0) return "-";
  return values.length < 3 ? text(median(values)) : `${text(median(values))} (${quartiles(values).map(text).join("..")})`;
}

/** A value in the unit of its row: three digits, or all of those before the point. */
export function figure(value: number): string {
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}

/** A ratio: budgets far below one need a third digit. */
export function ratioText(ratio: number): string {
  return `${ratio.toFixed(ratio < 1 ? 3 : 2)}x`;
}

/** A share as per cent. */
export function percentText(share: number): string {
  return `${Math.round(100 * share)} %`;
}
