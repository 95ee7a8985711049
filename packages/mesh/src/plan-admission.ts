/** Whether a model may be loaded, and whether a failure is worth remembering. Pure. */
import { failure, failureFromPublic, type PlatformError } from "@modelyard/core";
import { vmodelIdOfModel } from "./identity.ts";
import { isQuarantined, quarantineFailure } from "./model-state.ts";
import type { FailureRecord, ModelRecord } from "./records.ts";

/** Failures on different instances after which a model is tried nowhere else. Source: ModelMesh's MAX_LOAD_FAILURES. */
const maxFailedInstances = 3;

/** What mends itself, and costs nothing to look for: control takes a missing or damaged artifact in again; a place for a process becomes free. */
const mendedReasons = ["ARTIFACT_NOT_FOUND", "ARTIFACT_DAMAGED", "PROCESSES_EXHAUSTED"];
const mendedExpiryMs = 10_000;

/** What the decision depends on. */
export interface AdmissionState {
  readonly modelId: string;
  /** With this instance's facts that are not written yet. */
  readonly record: ModelRecord | undefined;
  readonly instanceId: string;
  readonly nowMs: number;
  /** How long a failure counts for this kind of asker. */
  readonly failureExpiryMs: number;
}

/** Load it, or refuse with the failure that the asker gets. */
export type Admission =
  | { readonly kind: "load"; readonly record: ModelRecord }
  | { readonly kind: "refuse"; readonly error: PlatformError };

/** Decides on a load. */
export function planAdmission(state: AdmissionState): Admission {
  const { record, modelId, instanceId } = state;
  if (!record) return { kind: "refuse", error: failure("MODEL_NOT_REGISTERED", { service: vmodelIdOfModel(modelId) ?? modelId }) };
  if (isQuarantined(record)) return { kind: "refuse", error: quarantineFailure(record) };
  const unexpired = unexpiredFailures(record, state);
  const own = unexpired.find(([id]) => id === instanceId);
  const decisive = own ?? (unexpired.length >= maxFailedInstances ? unexpired[0] : undefined);
  return decisive ? { kind: "refuse", error: failureFromPublic(decisive[1].error) } : { kind: "load", record };
}

/** When the last failure that keeps a model from being loaded here expires, ms since 1970; undefined when none does; infinite in quarantine. */
export function refusedUntilMs(state: AdmissionState): number | undefined {
  const { record } = state;
  if (!record || planAdmission(state).kind === "load") return undefined;
  if (isQuarantined(record)) return Number.POSITIVE_INFINITY;
  return Math.max(...unexpiredFailures(record, state).map(([, one]) => one.atMs + refusalMs(one, state)));
}

/** Whether a failed load says something about the model. What a busy, closing or cut-off server could not do says nothing; that it wants a process does. */
export function isWorthRecording(error: PlatformError): boolean {
  if (error.reason === "PROCESSES_EXHAUSTED") return true;
  return !["CANCELLED", "UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED"].includes(error.code) && error.reason !== "MODEL_NOT_REGISTERED";
}

/** Whether a failure still counts; a clock that was set back does not make it eternal. */
export function isUnexpired(failed: FailureRecord, limits: { readonly nowMs: number; readonly failureExpiryMs: number }): boolean {
  return Math.abs(limits.nowMs - failed.atMs) < limits.failureExpiryMs;
}

function unexpiredFailures(record: ModelRecord, state: AdmissionState): readonly (readonly [instanceId: string, failed: FailureRecord])[] {
  return Object.entries(record.failures).filter(([, failed]) =>
    isUnexpired(failed, { nowMs: state.nowMs, failureExpiryMs: refusalMs(failed, state) }),
  );
}

/** How long a failure keeps the model from being loaded again. */
function refusalMs(failed: FailureRecord, { failureExpiryMs }: AdmissionState): number {
  return mendedReasons.includes(failed.error.reason) ? Math.min(mendedExpiryMs, failureExpiryMs) : failureExpiryMs;
}
