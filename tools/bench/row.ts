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
  /** Share of the CPU time that the kernel took for the process, of each sample; empty where it was not taken apart. */
  readonly kernelShares: { readonly ours: readonly number[]; readonly peer: readonly number[] };
  /** Of each pair. */
  readonly ratios: readonly number[];
  /** Median of the ratios of the pairs; null without a peer. */
  readonly ratio: number | null;
  /** For example `<= 1.70x`; null where none is set. */
  readonly budget: string | null;
  readonly holds: boolean | null;
  /** What the median is made of, in words. */
  readonly detail?: string;
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

/** A figure in the row's unit. */
export interface Sample {
  readonly value: number;
  /** Of a CPU time: the share that the kernel took for the process, 0 to 1. */
  readonly kernelShare?: number;
  /** What it is made of, in words. */
  readonly detail?: string;
}

/** A row before it is measured. */
export interface RowPlan {
  readonly id: string;
  readonly what: string;
  readonly unit: string;
  readonly peer: string;
  readonly budget?: Budget;
  readonly ours: () => Promise<number | Sample>;
  /** Absent: nothing to compare with. */
  readonly theirs?: () => Promise<number | Sample>;
  /** Pairs it takes. Default 5. */
  readonly pairs?: number;
}

/** What rows work with. */
export interface BenchContext {
  /** Scratch folder, removed afterwards. */
  readonly folder: string;
  /** Folder of what a run keeps: profiles. */
  readonly results: string;
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
  const ours: Sample[] = [];
  const theirs: Sample[] = [];
  try {
    for (let pair = 0; pair < (plan.pairs ?? pairCount); pair++) {
      ours.push(asSample(await plan.ours()));
      if (plan.theirs) theirs.push(asSample(await plan.theirs()));
    }
  } catch (error) {
    return { ...rowOf(plan, group, { ours, theirs }), ratio: null, holds: false, missing: reasonOf(error) };
  }
  return rowOf(plan, group, { ours, theirs });
}

interface Samples {
  readonly ours: readonly Sample[];
  readonly theirs: readonly Sample[];
}

function rowOf(plan: RowPlan, group: string, { ours, theirs }: Samples): BenchRow {
  const { id, what, unit, peer } = plan;
  const [values, peerValues] = [ours.map(({ value }) => value), theirs.map(({ value }) => value)];
  const ratios = values.flatMap((value, index) => (peerValues[index] ? [value / peerValues[index]] : []));
  const ratio = ratios.length > 0 ? median(ratios) : null;
  const middle = median(values);
  const detail = ours.find(({ value }) => value === middle)?.detail;
  return {
    id,
    group,
    what,
    unit,
    ours: values,
    peer,
    peerValues,
    kernelShares: { ours: sharesOf(ours), peer: sharesOf(theirs) },
    ratios,
    ratio,
    budget: textOf(plan),
    holds: holds(plan.budget, ratio, middle),
    ...(detail !== undefined && { detail }),
  };
}

/** A group whose servers could not be started, as one row that fails. */
export function groupThatFailed({ ids, title }: RowGroup, error: unknown): BenchRow {
  const id = ids.join(",");
  const plan: RowPlan = { id, what: "Every row of this group", unit: "", peer: "none", ours: () => Promise.reject(error) };
  return { ...rowOf(plan, title, { ours: [], theirs: [] }), holds: false, missing: reasonOf(error) };
}

function asSample(figure: number | Sample): Sample {
  return typeof figure === "number" ? { value: figure } : figure;
}

function sharesOf(samples: readonly Sample[]): readonly number[] {
  return samples.flatMap(({ kernelShare }) => (kernelShare === undefined ? [] : [kernelShare]));
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 500);
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
  return budget.kind.endsWith("Ratio") ? `${sign} ${budget.value.toFixed(budget.value < 1 ? 3 : 2)}x` : `${sign} ${budget.value} ${unit}`;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return sorted(values)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Between which at least the middle half of the values lies. */
export function quartiles(values: readonly number[]): readonly [low: number, high: number] {
  const [ranked, last] = [sorted(values), values.length - 1];
  return [ranked[Math.floor(last / 4)] ?? Number.NaN, ranked[Math.ceil((last * 3) / 4)] ?? Number.NaN];
}

function sorted(values: readonly number[]): readonly number[] {
  return values.toSorted((a, b) => a - b);
}
