/** What a row of the benchmark is: data about it, and the two things it compares, measured in turns. */

/** A row as it is printed. */
export interface BenchRow {
  readonly id: string;
  /** What was done, and why a user should care, in one sentence. */
  readonly what: string;
  readonly unit: string;
  readonly ours: readonly number[];
  readonly peer: string;
  readonly peerValues: readonly number[];
  /** Median of the ratios of the pairs; null without a peer. */
  readonly ratio: number | null;
  /** For example `<= 1.7`; null where none is set. */
  readonly budget: string | null;
  readonly holds: boolean | null;
}

/** A row before it is measured. */
export interface RowPlan {
  readonly id: string;
  readonly what: string;
  readonly unit: string;
  readonly peer: string;
  /** Largest ratio ours / peer that holds. */
  readonly maxRatio?: number;
  /** Largest value of ours that holds, where the budget is absolute. */
  readonly maxValue?: number;
  readonly ours: () => Promise<number>;
  /** Absent: nothing to compare with. */
  readonly theirs?: () => Promise<number>;
}

/** Alternating pairs a row takes. */
const pairCount = 5;

/** Measures a row: ours, theirs, ours, theirs, … */
export async function measureRow(plan: RowPlan): Promise<BenchRow> {
  const ours: number[] = [];
  const peerValues: number[] = [];
  for (let pair = 0; pair < pairCount; pair++) {
    ours.push(await plan.ours());
    if (plan.theirs) peerValues.push(await plan.theirs());
  }
  const ratios = ours.flatMap((value, index) => (peerValues[index] ? [value / peerValues[index]] : []));
  const ratio = ratios.length > 0 ? median(ratios) : null;
  const { id, what, unit, peer, maxRatio, maxValue } = plan;
  const budget = maxRatio !== undefined ? `<= ${maxRatio.toFixed(2)}x` : maxValue !== undefined ? `<= ${maxValue} ${unit}` : null;
  const holds = maxRatio !== undefined ? ratio !== null && ratio <= maxRatio : maxValue !== undefined ? median(ours) <= maxValue : null;
  return { id, what, unit, ours, peer, peerValues, ratio, budget, holds };
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
