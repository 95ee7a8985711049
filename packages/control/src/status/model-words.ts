/** What a model's record says, in the words of KServe's model status. Pure. */
import type { ModelStateWord } from "@modelyard/api";
import type { PublicError } from "@modelyard/core";
import { assertNever } from "@modelyard/core";
import { isQuarantined, type ModelRecord, modelStateOf, newestFailure, quarantineFailure } from "@modelyard/mesh";

/** A failure of a model, where and when. */
export interface ModelFailure {
  readonly error: PublicError;
  /** Absent where no place failed: no runtime, for example. */
  readonly location?: string;
  readonly atMs: number;
}

/**
 * State of a model. One that was never loaded is Pending until its first load begins; later, without a copy, it is on Standby: the next request loads it.
 */
export function stateWordOf(record: ModelRecord | undefined): ModelStateWord {
  if (!record) return "Pending";
  const state = modelStateOf(record);
  switch (state) {
    case "Loaded":
    case "Loading":
    case "FailedToLoad":
      return state;
    case "NotLoaded":
      return record.signature ? "Standby" : "Pending";
    default:
      return assertNever(state);
  }
}

/** Why a model does not load; undefined when it does. */
export function failureOf(record: ModelRecord | undefined): ModelFailure | undefined {
  if (!record || modelStateOf(record) !== "FailedToLoad") return undefined;
  const last = record.crashes.at(-1);
  if (isQuarantined(record) && last) return { error: quarantineFailure(record).toPublic(), atMs: last.atMs };
  const failed = newestFailure(record);
  if (!failed) return undefined;
  const location = Object.entries(record.failures).find(([, one]) => one === failed)?.[0] ?? "";
  return { error: failed.error, atMs: failed.atMs, location: location.slice(-12) };
}

/** Step of the load that runs; undefined when none does. A record that names none yet is of a load that begins: its bytes are looked for. */
export function loadingStageOf(record: ModelRecord | undefined): "verify" | "prepare" | "load" | undefined {
  const loading = Object.values(record?.copies ?? {}).find((copy) => copy.state === "loading");
  return loading && (loading.stage ?? "verify");
}

/** Copies in memory, and places where loading failed. */
export function copiesOf(record: ModelRecord | undefined): { readonly totalCopies: number; readonly failedCopies: number } {
  return {
    totalCopies: Object.values(record?.copies ?? {}).filter((copy) => copy.state === "loaded").length,
    failedCopies: Object.keys(record?.failures ?? {}).length,
  };
}
