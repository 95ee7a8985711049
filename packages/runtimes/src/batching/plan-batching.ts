/**
 * Whether and how the requests of a model are run together. Pure. What is measured decides; the words of Triton's configuration, as parameters of
 * the model (`max_batch_size`, `max_queue_delay_microseconds`), win over it.
 */
import { failure } from "@modelyard/core";
import type { PreparedInfo } from "../prepare/prepared-info.ts";

/** How requests are run together. */
export interface Batching {
  /** Most rows of a run that is put together. */
  readonly maxRows: number;
  /** How long a request may wait for company, milliseconds; 0: only for what is there when the model is free. */
  readonly maxDelayMs: number;
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
const largestSize = 4_096;
const longestDelayMicros = 1_000_000;
/** Below this the gain does not pay for putting requests together. */
const worthwhileGain = 1.3;

/** The plan; `undefined`: each request is run alone. Throws `MODEL_LOAD_FAILED` for a parameter that is no number in its range. */
export function planBatching({ info, parameters, longestMicros }: BatchingFacts): Batching | undefined {
  const maxBatchSize = numberParameter(parameters, "max_batch_size", largestSize);
  const delayMicros = numberParameter(parameters, "max_queue_delay_microseconds", longestDelayMicros);
  const { rows, runMicros = 0 } = info;
  if (rows.kind === "together" || maxBatchSize === 0 || maxBatchSize === 1) return undefined;
  const perRowMicros = Math.max(rows.micros / rows.rows, 0.01);
  const isAsked = maxBatchSize !== undefined || delayMicros !== undefined;
  if (!isAsked && runMicros / perRowMicros < worthwhileGain) return undefined;
  const byTime = Math.min(Math.max(Math.floor(longestMicros / perRowMicros), leastRows), mostRows);
  return { maxRows: maxBatchSize ?? byTime, maxDelayMs: (delayMicros ?? 0) / 1_000 };
}

function numberParameter(parameters: Readonly<Record<string, string>>, name: string, max: number): number | undefined {
  const text = parameters[name]?.trim();
  if (text === undefined) return undefined;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= max) return value;
  throw failure("MODEL_LOAD_FAILED", {
    why: `the parameter "${name}" is "${text.slice(0, 40)}" and must be a whole number from 0 to ${max}`,
  });
}
