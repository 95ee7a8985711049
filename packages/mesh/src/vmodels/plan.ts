/**
 * What a change of a vmodel means for the store: pure functions from the records as they stand to one transaction, or a refusal.
 *
 * Invariants: a vmodel refers to its active and its target model, once each, once in all when they are the same; a model's `references` is the
 * number of such references; a model with `autoDelete` goes in the transaction that takes its last reference. Every record a plan depends on is
 * in its compares, so a plan made from stale records changes nothing.
 */
import { failure, type PlatformError } from "@modelyard/core";
import type { Compare, Operation, Transaction } from "@modelyard/store";
import { modelKey, vmodelKey } from "../identity.ts";
import { encodeRecord } from "../record-codec.ts";
import type { ModelRecord, VModelRecord } from "../records.ts";

/** A record with the revision it was read at. */
export interface Stored<R> {
  readonly record: R;
  readonly modRevision: number;
}

/** A vmodel and the models it concerns, as read from the store. */
export interface VModelSnapshot {
  readonly vmodelId: string;
  readonly vmodel: Stored<VModelRecord> | undefined;
  /** Active, target and requested model, those that are registered. */
  readonly models: ReadonlyMap<string, Stored<ModelRecord>>;
}

/** What makes a model; enough to register it. */
export interface ModelSpec {
  readonly type: string;
  readonly artifactDigest: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly runtime: string;
}

/** Points a vmodel at a model. */
export interface SetVModelRequest {
  readonly vmodelId: string;
  readonly owner: VModelRecord["owner"];
  readonly targetModelId: string;
  readonly targetRevision: number;
  /** Registers the target when it is not; absent = it must be registered. */
  readonly model?: ModelSpec;
  /** The target's record goes with its last reference. Default false. */
  readonly autoDelete?: boolean;
  /** Name clients use when it is not the object's. */
  readonly modelName?: string;
  /** Refuse to create the vmodel. Default false. */
  readonly updateOnly?: boolean;
  /** Switch at once instead of when the target is loaded. Default false. */
  readonly force?: boolean;
  /** Refuse unless this is the present target. */
  readonly expectedTargetModelId?: string;
}

/** A transaction to try, nothing to do, or why not. */
export type VModelPlan =
  | { readonly kind: "commit"; readonly transaction: Transaction }
  | { readonly kind: "unchanged" }
  | { readonly kind: "refused"; readonly error: PlatformError };

const unchanged: VModelPlan = { kind: "unchanged" };

/** Creates or retargets a vmodel. A new one is active at once; a retarget switches when the target is loaded (or at once, when forced or when the active model never worked). */
export function planSetVModel(snapshot: VModelSnapshot, request: SetVModelRequest): VModelPlan {
  const refusal = refuseVModel(snapshot, request) ?? refuseModel(snapshot, request);
  if (refusal) return { kind: "refused", error: refusal };
  const current = snapshot.vmodel?.record;
  const next = nextVModel(snapshot, request);
  const models = withTarget(snapshot, request);
  if (current && sameVModel(current, next) && models.get(request.targetModelId) === snapshot.models.get(request.targetModelId)?.record) {
    return unchanged;
  }
  return commit(snapshot, { next, models });
}

/** Removes a vmodel; unknown ones, and those of another owner, are left as they are. */
export function planDeleteVModel(snapshot: VModelSnapshot, owner?: VModelRecord["owner"]): VModelPlan {
  if (!snapshot.vmodel || (owner !== undefined && snapshot.vmodel.record.owner !== owner)) return unchanged;
  return commit(snapshot, { next: undefined, models: recordsOf(snapshot) });
}

/** Makes the target active. Nothing to do when the transition is over or goes elsewhere by now. */
export function planSwitch(snapshot: VModelSnapshot, targetModelId: string): VModelPlan {
  const vmodel = snapshot.vmodel?.record;
  if (vmodel?.targetModelId !== targetModelId || vmodel.activeModelId === targetModelId) return unchanged;
  if (!snapshot.models.has(targetModelId)) return unchanged;
  const next = { ...vmodel, activeModelId: targetModelId, activeRevision: vmodel.targetRevision, failed: false };
  return commit(snapshot, { next, models: recordsOf(snapshot) });
}

/** Says that the target does not load (or, with `failed: false`, that it is tried again). The active model stays. */
export function planMarkFailed(snapshot: VModelSnapshot, change: { readonly targetModelId: string; readonly failed: boolean }): VModelPlan {
  const vmodel = snapshot.vmodel?.record;
  if (vmodel?.targetModelId !== change.targetModelId || vmodel.activeModelId === change.targetModelId) return unchanged;
  if (vmodel.failed === change.failed) return unchanged;
  return commit(snapshot, { next: { ...vmodel, failed: change.failed }, models: recordsOf(snapshot) });
}

/** Says that the active model is unloaded, or (`false`) that it is not. */
export function planUnload(snapshot: VModelSnapshot, isUnloaded: boolean): VModelPlan {
  if (!snapshot.vmodel) return { kind: "refused", error: failure("VMODEL_NOT_FOUND", { vmodelId: snapshot.vmodelId }) };
  const { unloadedModelId, ...vmodel } = snapshot.vmodel.record;
  if ((unloadedModelId === vmodel.activeModelId) === isUnloaded) return unchanged;
  const next = isUnloaded ? { ...vmodel, unloadedModelId: vmodel.activeModelId } : vmodel;
  return commit(snapshot, { next, models: recordsOf(snapshot) });
}

function refuseVModel({ vmodel, vmodelId }: VModelSnapshot, request: SetVModelRequest): PlatformError | undefined {
  const expected = request.expectedTargetModelId;
  if (!vmodel) {
    if (expected !== undefined) return failure("VMODEL_TARGET_MISMATCH", { vmodelId, current: "", expected });
    return request.updateOnly ? failure("VMODEL_NOT_FOUND", { vmodelId }) : undefined;
  }
  const { owner, targetModelId } = vmodel.record;
  if (owner !== request.owner) return failure("VMODEL_OWNED", { vmodelId, owner, wanted: request.owner });
  if (expected !== undefined && expected !== targetModelId) {
    return failure("VMODEL_TARGET_MISMATCH", { vmodelId, current: targetModelId, expected });
  }
  return undefined;
}

function refuseModel(snapshot: VModelSnapshot, request: SetVModelRequest): PlatformError | undefined {
  const { targetModelId: modelId, model } = request;
  const registered = snapshot.models.get(modelId)?.record;
  if (!registered) return model ? undefined : failure("VMODEL_TARGET_MISSING", { vmodelId: snapshot.vmodelId, modelId });
  const field = model && differingField(registered, model);
  return field === undefined ? undefined : failure("MODEL_DIFFERS", { modelId, field });
}

function differingField(registered: ModelRecord, wanted: ModelSpec): string | undefined {
  if (registered.type !== wanted.type) return "type";
  if (registered.artifactDigest !== wanted.artifactDigest) return "artifactDigest";
  if (registered.runtime !== wanted.runtime) return "runtime";
  const names = new Set([...Object.keys(registered.parameters), ...Object.keys(wanted.parameters)]);
  const differs = [...names].find((name) => registered.parameters[name] !== wanted.parameters[name]);
  return differs === undefined ? undefined : `parameter "${differs}"`;
}

function nextVModel(snapshot: VModelSnapshot, request: SetVModelRequest): VModelRecord {
  const { modelName: _replaced, ...current } = snapshot.vmodel?.record ?? { modelName: undefined };
  const name = request.modelName === undefined ? {} : { modelName: request.modelName };
  const target = { owner: request.owner, targetModelId: request.targetModelId, targetRevision: request.targetRevision };
  const activeAtOnce = { activeModelId: request.targetModelId, activeRevision: request.targetRevision };
  const active = snapshot.vmodel?.record;
  if (!active || active.activeModelId === request.targetModelId || request.force || neverWorked(snapshot, active.activeModelId)) {
    return { ...current, ...name, ...target, ...activeAtOnce, failed: false };
  }
  const retargeted = active.targetModelId !== request.targetModelId;
  const { activeModelId, activeRevision } = active;
  return { ...current, ...name, ...target, activeModelId, activeRevision, failed: retargeted ? false : active.failed };
}

/** A model that was never loaded has nothing to keep serving with. */
function neverWorked(snapshot: VModelSnapshot, modelId: string): boolean {
  const record = snapshot.models.get(modelId)?.record;
  return !record || (record.signature === undefined && Object.keys(record.copies).length === 0);
}

function withTarget(snapshot: VModelSnapshot, request: SetVModelRequest): Map<string, ModelRecord> {
  const models = recordsOf(snapshot);
  const registered = models.get(request.targetModelId);
  const autoDelete = request.autoDelete ?? registered?.autoDelete ?? false;
  const revision = request.targetRevision;
  if (registered) {
    const same = registered.autoDelete === autoDelete && registered.revision === revision;
    if (!same) models.set(request.targetModelId, { ...registered, autoDelete, revision });
  } else if (request.model) {
    const facts = { references: 0, copies: {}, failures: {}, crashes: [], lastUsedMs: 0 };
    models.set(request.targetModelId, { ...request.model, ...facts, revision, autoDelete });
  }
  return models;
}

function sameVModel(current: VModelRecord, next: VModelRecord): boolean {
  const fields = ["modelName", "activeModelId", "activeRevision", "targetModelId", "targetRevision", "failed"] as const;
  return fields.every((field) => current[field] === next[field]);
}

function recordsOf(snapshot: VModelSnapshot): Map<string, ModelRecord> {
  return new Map([...snapshot.models].map(([modelId, stored]) => [modelId, stored.record]));
}

function commit(
  snapshot: VModelSnapshot,
  change: { readonly next: VModelRecord | undefined; readonly models: ReadonlyMap<string, ModelRecord> },
): VModelPlan {
  const compare: Compare[] = [compareRevision(vmodelKey(snapshot.vmodelId), snapshot.vmodel?.modRevision ?? 0)];
  const success: Operation[] = [operation(vmodelKey(snapshot.vmodelId), change.next)];
  const before = referencesOf(snapshot.vmodel?.record);
  const after = referencesOf(change.next);
  for (const [modelId, model] of change.models) {
    const stored = snapshot.models.get(modelId);
    const delta = Number(after.has(modelId)) - Number(before.has(modelId));
    if (delta === 0 && model === stored?.record) continue;
    const references = Math.max(0, model.references + delta);
    const goes = references === 0 && model.autoDelete;
    compare.push(compareRevision(modelKey(modelId), stored?.modRevision ?? 0));
    success.push(operation(modelKey(modelId), goes ? undefined : { ...model, references }));
  }
  return { kind: "commit", transaction: { compare, success } };
}

function referencesOf(vmodel: VModelRecord | undefined): ReadonlySet<string> {
  return new Set(vmodel ? [vmodel.activeModelId, vmodel.targetModelId] : []);
}

function compareRevision(key: string, value: number): Compare {
  return { key, result: "equal", target: "modRevision", value };
}

function operation(key: string, record: ModelRecord | VModelRecord | undefined): Operation {
  return record ? { kind: "put", key, value: encodeRecord(record) } : { kind: "delete", range: { kind: "key", key } };
}
