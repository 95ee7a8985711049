/**
 * Whether and how the requests of a model are run together. Pure. What is measured decides; the words of Triton's configuration, as parameters of
 * the model, win over it: see `batching-parameters.ts`.
 */
import type { PreparedInfo } from "../prepare/prepared-info.ts";
import { askedBatching } from "./batching-parameters.ts";

/** How requests are run together. */
export interface Batching {
  /** Most rows of a run that is put together. */
  readonly maxRows: number;
  /** How long a request may wait for company, milliseconds; 0: only for what is there when the model is free. */
  readonly maxDelayMs: number;
  /** Rows that do not wait any longer, however few that is of `maxRows`. */
  readonly startRows: number;
}

/** What a model brings. */
export interface BatchingFacts {
  readonly info: Pick<PreparedInfo, "rows" | "runMicros">;
  readonly parameters: Readonly<Record<string, string>>;
  /** Longest run that is put together, microseconds. */
  readonly longestMicros: number;
}

const leastRows = 8;
const mostRows = 256;
/** Below this the gain does not pay for putting requests together. */
const worthwhileGain = 1.3;

/** The plan; `undefined`: each request is run alone. Throws as `askedBatching`. */
export function planBatching({ info, parameters, longestMicros }: BatchingFacts): Batching | undefined {
  const { isAsked, maxBatchSize, delayMicros = 0, preferredRows } = askedBatching(parameters);
  const { rows, runMicros = 0 } = info;
  if (rows.kind === "together" || maxBatchSize === 0 || maxBatchSize === 1) return undefined;
  const perRowMicros = Math.max(rows.micros / rows.rows, 0.01);
  if (!isAsked && runMicros / perRowMicros < worthwhileGain) return undefined;
  const byTime = Math.min(Math.max(Math.floor(longestMicros / perRowMicros), leastRows), mostRows);
  const maxRows = maxBatchSize ?? byTime;
  return { maxRows, maxDelayMs: delayMicros / 1_000, startRows: Math.min(maxRows, ...preferredRows) };
}
