/**
 * What the parameters of a model ask of batching, in the words of Triton's model configuration: `max_batch_size`, and those of its
 * `dynamic_batching`, each by itself or together as JSON. Source: Triton's `model_config.proto`, `ModelDynamicBatching`.
 *
 * Words that would change nothing here are taken, those that would change something and are not known here are refused.
 */
import { failure, type PlatformError } from "@modelyard/core";

/** What is asked for; what is absent was not. */
export interface AskedBatching {
  /** Whether anything was, if only batching as such. */
  readonly isAsked: boolean;
  readonly maxBatchSize: number | undefined;
  readonly delayMicros: number | undefined;
  /** Rows that do not wait any longer for more. */
  readonly preferredRows: readonly number[];
}

const largestSize = 4_096;
const longestDelayMicros = 1_000_000;
const together = "dynamic_batching";
const sizeWord = "max_batch_size";
const delayWord = "max_queue_delay_microseconds";
const preferredWord = "preferred_batch_size";
/** Each request has its answer whatever the order of runs: nothing is left to preserve. */
const withoutEffect = "preserve_ordering";
const words: readonly string[] = [delayWord, preferredWord, withoutEffect];

/** Reads them. Throws `MODEL_LOAD_FAILED` for what is not in its range, and for words of `dynamic_batching` that are not known here. */
export function askedBatching(parameters: Readonly<Record<string, string>>): AskedBatching {
  const dynamic = dynamicBatching(parameters[together]);
  const asked = { ...dynamic, ...parameters };
  const maxBatchSize = wholeNumber(sizeWord, parameters[sizeWord], { least: 0, most: largestSize });
  const most = maxBatchSize === undefined || maxBatchSize === 0 ? largestSize : maxBatchSize;
  const preferredRows = listOf(asked[preferredWord]).flatMap((size) => wholeNumber(preferredWord, size, { least: 1, most }) ?? []);
  const delayMicros = wholeNumber(delayWord, asked[delayWord], { least: 0, most: longestDelayMicros });
  const isAsked = dynamic !== undefined || maxBatchSize !== undefined || delayMicros !== undefined || preferredRows.length > 0;
  return { isAsked, maxBatchSize, delayMicros, preferredRows };
}

/** The words in it. */
function dynamicBatching(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined) return undefined;
  const value = parsed(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refusal(
      `the parameter "${together}" is ${shown(text)} and must be a JSON object, for example {"${preferredWord}":[4,8],"${delayWord}":100}`,
    );
  }
  for (const [word, given] of Object.entries(value)) {
    if (words.includes(word) || isDefault(given)) continue;
    throw refusal(
      `"${word.slice(0, 40)}" in the parameter "${together}" is not supported, which has ${words.map((one) => `"${one}"`).join(", ")}`,
    );
  }
  // An object, as was just seen.
  return value as Readonly<Record<string, unknown>>;
}

/** A configuration that Triton wrote names everything, with the defaults of protobuf where nothing was said. */
function isDefault(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).every(isDefault);
  return value === null || value === 0 || value === "0" || value === "" || value === false;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Of a JSON list, or of a text such as `4,8` or `[4, 8]`. */
function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || Array.isArray(value)) return value ?? [];
  return typeof value === "string" ? value.replace(/^\s*\[|\]\s*$/g, "").split(",") : [value];
}

/** Numbers of 64 bits are text in protobuf's JSON. */
function wholeNumber(word: string, value: unknown, range: { readonly least: number; readonly most: number }): number | undefined {
  if (value === undefined) return undefined;
  const text = typeof value === "string" ? value.trim() : JSON.stringify(value);
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= range.least && number <= range.most) return number;
  throw refusal(`the parameter "${word}" is ${shown(text)} and must be a whole number from ${range.least} to ${range.most}`);
}

function shown(text: string): string {
  return `"${text.slice(0, 40)}"`;
}

function refusal(why: string): PlatformError {
  return failure("MODEL_LOAD_FAILED", { why });
}
