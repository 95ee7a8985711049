/**
 * Carries out vmodel plans: read, plan, compare-and-swap, and again when somebody was faster. Control calls `setVModel` and `deleteVModel`;
 * serving processes switch and mark. A crash between any two steps leaves the records before or after, never between.
 */
import { failure } from "@modelyard/core";
import type { Store } from "@modelyard/store";
import { modelKey, vmodelKey } from "../identity.ts";
import { decodeModelRecord, decodeVModelRecord } from "../record-codec.ts";
import type { ModelRecord, VModelRecord } from "../records.ts";
import {
  planDeleteVModel,
  planSetVModel,
  planUnload,
  type SetVModelRequest,
  type Stored,
  type VModelPlan,
  type VModelSnapshot,
} from "./plan.ts";
import { type VModelStatus, vmodelStatus } from "./status.ts";

/** Options of everything here that waits. */
export interface VModelCallOptions {
  readonly signal?: AbortSignal;
}

const maxAttempts = 32;

/**
 * Creates or retargets a vmodel and gives its status afterwards. Idempotent. Fails with `VMODEL_OWNED`, `VMODEL_TARGET_MISMATCH`,
 * `VMODEL_NOT_FOUND`, `VMODEL_TARGET_MISSING`, `MODEL_DIFFERS`, or the store's error.
 */
export async function setVModel(store: Store, request: SetVModelRequest, options: VModelCallOptions = {}): Promise<VModelStatus> {
  const scope = { vmodelId: request.vmodelId, modelIds: [request.targetModelId], ...options };
  await commitVModel(store, scope, (snapshot) => planSetVModel(snapshot, request));
  return vmodelStatus(await readVModel(store, scope));
}

/** Deletes a vmodel and, by their references, the models it alone kept. Unknown ones and those of another owner are left without an error; says whether it was deleted. */
export function deleteVModel(
  store: Store,
  request: { readonly vmodelId: string; readonly owner?: VModelRecord["owner"] },
  options: VModelCallOptions = {},
): Promise<boolean> {
  const scope = { vmodelId: request.vmodelId, modelIds: [], ...options };
  return commitVModel(store, scope, (snapshot) => planDeleteVModel(snapshot, request.owner));
}

/** Says in the store that a service is unloaded, or that it is not; gives the record afterwards. Fails with `VMODEL_NOT_FOUND`. */
export async function recordUnload(
  store: Store,
  request: { readonly vmodelId: string; readonly isUnloaded: boolean },
  options: VModelCallOptions = {},
): Promise<Stored<VModelRecord> | undefined> {
  const scope = { vmodelId: request.vmodelId, modelIds: [], ...options };
  await commitVModel(store, scope, (snapshot) => planUnload(snapshot, request.isUnloaded));
  return (await readVModel(store, scope)).vmodel;
}

/** Status of a vmodel as the store has it. */
export async function getVModelStatus(store: Store, vmodelId: string, options: VModelCallOptions = {}): Promise<VModelStatus> {
  return vmodelStatus(await readVModel(store, { vmodelId, modelIds: [], ...options }));
}

/** Which records a plan needs. */
export interface VModelScope extends VModelCallOptions {
  readonly vmodelId: string;
  /** Beside the active and the target. */
  readonly modelIds: readonly string[];
}

/** Plans and commits until it holds; true when something was changed. Throws the refusal, or `VMODEL_CONTENDED` after 32 attempts. */
export async function commitVModel(store: Store, scope: VModelScope, plan: (snapshot: VModelSnapshot) => VModelPlan): Promise<boolean> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const planned = plan(await readVModel(store, scope));
    if (planned.kind === "refused") throw planned.error;
    if (planned.kind === "unchanged") return false;
    const answer = await store.transact(planned.transaction, scope);
    if (answer.succeeded) return true;
  }
  throw failure("VMODEL_CONTENDED", { vmodelId: scope.vmodelId, attempts: maxAttempts });
}

/** Reads a vmodel with its models. The reads need not be of one revision: a plan compares each record it depends on. */
async function readVModel(store: Store, scope: VModelScope): Promise<VModelSnapshot> {
  const vmodel = await readRecord(store, vmodelKey(scope.vmodelId), { ...scope, decode: decodeVModelRecord });
  const { activeModelId, targetModelId } = vmodel?.record ?? {};
  const wanted = new Set([activeModelId, targetModelId, ...scope.modelIds].filter((modelId) => modelId !== undefined));
  const models = new Map<string, Stored<ModelRecord>>();
  for (const modelId of wanted) {
    const model = await readRecord(store, modelKey(modelId), { ...scope, decode: decodeModelRecord });
    if (model) models.set(modelId, model);
  }
  return { vmodelId: scope.vmodelId, vmodel, models };
}

async function readRecord<R>(
  store: Store,
  key: string,
  options: VModelCallOptions & { readonly decode: (bytes: Uint8Array) => R | undefined },
): Promise<Stored<R> | undefined> {
  const { keyValues } = await store.range({ range: { kind: "key", key } }, options);
  const found = keyValues[0];
  if (!found) return undefined;
  const record = options.decode(found.value);
  if (record === undefined) throw failure("INTERNAL", {}, { internal: { malformedRecord: key } });
  return { record, modRevision: found.modRevision };
}
