/**
 * Keeps the status of InferenceServices true, and tells of changes by Events.
 *
 * Reads: InferenceServices, runtimes, the mesh's records, fetches that run. Writes: the status, only when it changes, at the pace of {@link WritePace}; Events. A crash between status and Event loses the Event; a crash before both loses nothing, since all is computed again.
 */
import { isDeepStrictEqual } from "node:util";
import { type Condition, type InferenceService, type InferenceServiceStatus, inferenceServiceKind } from "@modelyard/api";
import { PlatformError } from "@modelyard/core";
import { type EventRecorder, keyOfText, type ReconcileResult, type ResourceClient } from "@modelyard/resources";
import { nameConditionType, planStatus } from "../status/plan-status.ts";
import { factsOf, type ServiceSources } from "./service-facts.ts";
import type { WritePace } from "./write-pace.ts";

/** What the reconciler is given. */
export interface StatusReconcilerDeps extends ServiceSources {
  readonly client: ResourceClient;
  readonly events: EventRecorder;
  readonly pace: WritePace;
}

/** One pass over one service. */
export async function reconcileStatus(deps: StatusReconcilerDeps, key: string): Promise<ReconcileResult | undefined> {
  const service = deps.services.get(keyOfText(key));
  if (!service) {
    deps.pace.forget(key);
    return undefined;
  }
  const status = planStatus(factsOf(deps, service));
  if (isDeepStrictEqual(status, service.status)) return undefined;
  const waitMs = isIdleChange(service.status, status) ? deps.pace.takeIdle(key) : deps.pace.takeUrgent(key);
  if (waitMs > 0) return { requeueAfterMs: waitMs };
  if (await writeStatus(deps.client, { ...service, status })) recordChanges(deps.events, service, status);
  return undefined;
}

/** False when the service went meanwhile. */
async function writeStatus(client: ResourceClient, service: InferenceService): Promise<boolean> {
  try {
    await client.updateStatus(inferenceServiceKind, service);
    return true;
  } catch (error) {
    if (PlatformError.is(error) && error.reason === "RESOURCE_NOT_FOUND") return false;
    throw error;
  }
}

function recordChanges(events: EventRecorder, service: InferenceService, status: InferenceServiceStatus): void {
  const before = service.status;
  const digest = status.modelyard?.digest;
  if (digest !== undefined && digest !== before?.modelyard?.digest) {
    events.record(service, { type: "Normal", reason: "Fetched", message: `The source was fetched: ${digest}` });
  }
  const failed = status.modelyard?.failure;
  if (failed && (failed.reason !== before?.modelyard?.failure?.reason || failed.message !== before.modelyard.failure.message)) {
    const word = status.modelStatus?.lastFailureInfo?.reason ?? "ModelLoadFailed";
    events.record(service, { type: "Warning", reason: word, message: `${failed.message} (${failed.reason}). ${failed.hint}` });
  }
  const taken = nameCondition(status);
  if (taken && taken.message !== nameCondition(before)?.message) {
    events.record(service, { type: "Warning", reason: "ModelNameTaken", message: taken.message ?? "" });
  }
  const revision = status.modelyard?.revision;
  if (revision !== undefined && revision !== before?.modelyard?.revision) {
    events.record(service, { type: "Normal", reason: "Served", message: `Revision ${revision} is served` });
  }
}

function nameCondition(status: InferenceServiceStatus | undefined): Condition | undefined {
  return status?.conditions?.find((one) => one.type === nameConditionType);
}

/** Whether two statuses of a service differ only in what comes and goes with traffic while it is ready. */
export function isIdleChange(before: InferenceServiceStatus | undefined, next: InferenceServiceStatus): boolean {
  return before !== undefined && isReady(before) && isReady(next) && isDeepStrictEqual(atRest(before), atRest(next));
}

function isReady(status: InferenceServiceStatus): boolean {
  return (status.conditions ?? []).some((one) => one.type === "Ready" && one.status === "True");
}

/** A status without the copies of its active model. */
function atRest(status: InferenceServiceStatus): unknown {
  const { modelStatus, modelyard, ...rest } = status;
  const { copies: _copies, states, ...model } = modelStatus ?? {};
  const { stage: _stage, ...deployment } = modelyard ?? {};
  return { ...rest, model, deployment, targetModelState: states?.targetModelState };
}
