/** What a row of the benchmark is: data about it, and the two things it compares, measured in turns. */

/** A row as it is printed. */
export interface BenchRow {
  readonly id: string;
  /** Title of its group. */
  readonly group: string;
  /** What was done, and why a user should care, in one sentence. */
  readonly what: string;
  readonly unit: string;
  /** Every sample, in the order in which they were taken. */
  readonly ours: readonly number[];
  readonly peer: string;
  readonly peerValues: readonly number[];
  /** Of each pair. */
  readonly ratios: readonly number[];
  /** Median of the ratios of the pairs; null without a peer. */
  readonly ratio: number | null;
  /** For example `<= 1.70x`; null where none is set. */
  readonly budget: string | null;
  readonly holds: boolean | null;
  /** Why it could not be measured; it does not hold then. */
  readonly missing?: string;
}

/** A limit of a row. */
export type Budget =
  /** Largest ratio ours / peer. */
  | { readonly kind: "maxRatio"; readonly value: number }
  /** Smallest ratio ours / peer: where more is better. */
  | { readonly kind: "minRatio"; readonly value: number }
  /** Largest value of ours, in the row's unit. */
  | { readonly kind: "maxValue"; readonly value: number }
  | { readonly kind: "minValue"; readonly value: number };

/** A row before it is measured. */
export interface RowPlan {
  readonly id: string;
  readonly what: string;
  readonly unit: string;
  readonly peer: string;
  readonly budget?: Budget;
  readonly ours: () => Promise<number>;
  /** Absent: nothing to compare with. */
  readonly theirs?: () => Promise<number>;
  /** Pairs it takes. Default 5. */
  readonly pairs?: number;
}

/** What rows work with. */
export interface BenchContext {
  /** Scratch folder, removed afterwards. */
  readonly folder: string;
  readonly say: (line: string) => void;
}

/** Rows that share servers. */
export interface RowGroup {
  /** Ids of its rows begin with one of these. */
  readonly ids: readonly string[];
  /** Heading of its table. */
  readonly title: string;
  /** What its rows have in common, for a stranger: load, warm-up, how its servers are set. */
  readonly about: string;
  readonly open: (context: BenchContext) => Promise<OpenGroup>;
}

/** A group whose servers run. */
export interface OpenGroup {
  readonly rows: readonly RowPlan[];
  close(): Promise<void>;
}

const pairCount = 5;

/** Pairs of a row whose budget is a ratio of CPU times: a neighbour's burst of load may spoil four of them. */
export const gatedPairs = 9;

/** Measures a row of the group of this title: ours, theirs, ours, theirs, … */
export async function measureRow(plan: RowPlan, group: string): Promise<BenchRow> {
  const ours: number[] = [];
  const peerValues: number[] = [];
  const { id, what, unit, peer } = plan;
  const described = { id, group, what, unit, ours, peer, peerValues, budget: textOf(plan) };
  try {
    for (let pair = 0; pair < (plan.pairs ?? pairCount); pair++) {
      ours.push(await plan.ours());
      if (plan.theirs) peerValues.push(await plan.theirs());
    }
  } catch (error) {
    const missing = (error instanceof Error ? error.message : String(error)).slice(0, 500);
    return { ...described, ratios: [], ratio: null, holds: false, missing };
  }
  const ratios = ours.flatMap((value, index) => (peerValues[index] ? [value / peerValues[index]] : []));
  const ratio = ratios.length > 0 ? median(ratios) : null;
  return { ...described, ratios, ratio, holds: holds(plan.budget, ratio, median(ours)) };
}

function holds(budget: Budget | undefined, ratio: number | null, value: number): boolean | null {
  switch (budget?.kind) {
    case "maxRatio":
      return ratio !== null && ratio <= budget.value;
    case "minRatio":
      return ratio !== null && ratio >= budget.value;
    case "maxValue":
      return value <= budget.value;
    case "minValue":
      return value >= budget.value;
    case undefined:
      return null;
  }
}

function textOf({ budget, unit }: RowPlan): string | null {
  if (!budget) return null;
  const sign = budget.kind.startsWith("max") ? "<=" : ">=";
  return budget.kind.endsWith("Ratio") ? `${sign} ${budget.value.toFixed(2)}x` : `${sign} ${budget.value} ${unit}`;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return rank(values, 1 / 2);
}

/** Between which the middle half of the values lies. */
export function quartiles(values: readonly number[]): readonly [low: number, high: number] {
  return [rank(values, 1 / 4), rank(values, 3 / 4)];
}

function rank(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.round((values.length - 1) * share)] ?? Number.NaN;
}
