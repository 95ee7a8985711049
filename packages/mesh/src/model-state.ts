/** What a model's record says of it as a whole. Pure. */
import { failure, type PlatformError } from "@modelyard/core";
import type { ModelState } from "./contract.ts";
import type { FailureRecord, ModelRecord } from "./records.ts";

/** Crashes that quarantine a model. */
const maxCrashes = 2;

/** A loaded copy counts before a loading one, that before a failure: a model that answers somewhere answers. */
export function modelStateOf(record: ModelRecord): ModelState {
  if (isQuarantined(record)) return "FailedToLoad";
  const copies = Object.values(record.copies);
  if (copies.some((copy) => copy.state === "loaded")) return "Loaded";
  if (copies.length > 0) return "Loading";
  return Object.keys(record.failures).length > 0 ? "FailedToLoad" : "NotLoaded";
}

/** The failure that happened last. */
export function newestFailure(record: ModelRecord): FailureRecord | undefined {
  return Object.values(record.failures).toSorted((a, b) => b.atMs - a.atMs)[0];
}

/** Whether a model crashed the runtime too often to be loaded again. */
export function isQuarantined(record: Pick<ModelRecord, "crashes">): boolean {
  return record.crashes.length >= maxCrashes;
}

/** The failure of a quarantined model. */
export function quarantineFailure(record: Pick<ModelRecord, "crashes">): PlatformError {
  const last = record.crashes.at(-1);
  const kind = last?.kind === "hang" ? "hung" : "crashed";
  return failure("RUNTIME_CRASHED", { kind, at: new Date(last?.atMs ?? 0).toISOString() });
}
