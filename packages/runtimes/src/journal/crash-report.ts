/** The report of a process that ended while a model ran or was loaded. */
import { failure } from "@modelyard/core";
import type { CrashReport } from "../contract.ts";
import type { RunningRecord } from "./running-file.ts";

/** What is known of the end. */
export interface CrashFacts {
  readonly record: RunningRecord;
  readonly kind: CrashReport["kind"];
  /** Wall time. */
  readonly atMs: number;
}

/** The report. */
export function crashReport({ record, kind, atMs }: CrashFacts): CrashReport {
  const verb = kind === "hang" ? "hung" : "crashed";
  const error = failure("RUNTIME_CRASHED", { kind: verb, at: new Date(atMs).toISOString() }).toPublic();
  return { modelId: record.modelId, phase: record.phase, kind, atMs, error };
}
