/**
 * Makes a Model that is to be deployed an InferenceService of the same name, and keeps the Model's status.
 *
 * Reads: Models, InferenceServices. Writes: the InferenceService it owns; then the Model's status. A crash between them leaves the service
 * deployed and the status behind, which the next pass mends. A service whose Model is gone goes: here at once, and by its owner reference in the sweep.
 */
import { isDeepStrictEqual } from "node:util";
import { type InferenceService, inferenceServiceKind, type Model, modelKind } from "@modelyard/api";
import { type Clock, PlatformError } from "@modelyard/core";
import { type Informer, keyOfText, type ObjectKey, type StoreResources } from "@modelyard/resources";
import { isOwnedBy, planModelStatus, serviceOf } from "../model/plan-model.ts";

/** What the reconciler is given. */
export interface ModelReconcilerDeps {
  readonly models: Informer<Model>;
  readonly services: Informer<InferenceService>;
  readonly client: StoreResources;
  readonly clock: Clock;
}

/** One pass over one Model. */
export async function reconcileModel(deps: ModelReconcilerDeps, keyAsText: string): Promise<undefined> {
  const key = keyOfText(keyAsText);
  const model = deps.models.get(key);
  const present = deps.services.get(key);
  if (!model) return present && removeOrphan(deps, key, present);
  const service = await applyService(deps, model, present);
  const status = planModelStatus(model, service, deps.clock.nowMs());
  if (!isDeepStrictEqual(status, model.status)) await deps.client.updateStatus(modelKind, { ...model, status });
  return undefined;
}

async function applyService(
  deps: ModelReconcilerDeps,
  model: Model,
  present: InferenceService | undefined,
): Promise<InferenceService | undefined> {
  const wanted = serviceOf(model);
  if (!present) return wanted && deps.client.create(inferenceServiceKind, wanted);
  if (!isOwnedBy(present, model)) return present;
  if (!wanted) {
    await deps.client.delete(inferenceServiceKind, keyOfObject(present));
    return undefined;
  }
  const annotations = { ...present.metadata.annotations, ...wanted.metadata.annotations };
  const next = { ...present, metadata: { ...present.metadata, annotations }, spec: wanted.spec };
  return isDeepStrictEqual(next, present) ? present : deps.client.update(inferenceServiceKind, next);
}

/** Removes a service all of whose owners are Models of its name, now that there is none: an owner of the same name with another uid is gone too. */
async function removeOrphan(deps: ModelReconcilerDeps, key: ObjectKey, service: InferenceService): Promise<undefined> {
  const owners = service.metadata.ownerReferences ?? [];
  if (owners.length === 0 || !owners.every(({ kind, name }) => kind === "Model" && name === key.name)) return undefined;
  const { uid } = service.metadata;
  try {
    await deps.client.delete(inferenceServiceKind, key, uid === undefined ? {} : { uid });
  } catch (error) {
    if (!PlatformError.is(error) || error.reason !== "RESOURCE_NOT_FOUND") throw error;
  }
  return undefined;
}

function keyOfObject(service: InferenceService): ObjectKey {
  const { name, namespace = "default" } = service.metadata;
  return { namespace, name };
}
