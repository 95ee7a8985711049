/**
 * Makes the mesh serve what InferenceServices ask for: fetches the source, registers the immutable model and points the service's vmodel at it.
 *
 * Reads: InferenceServices, the storage-config Secrets, runtimes, the artifact store, the vmodel. Writes: the artifact store; then the model's record and the vmodel in one
 * transaction of the store.
 * A crash before the fetch ended leaves partial bytes, with which the next fetch goes on; between fetch and registration an artifact nothing refers to,
 * found again by the same digest; after the transaction everything. A service that is gone has its vmodel removed, and with it the models it
 * alone kept: on absence, so no finalizer is needed.
 */
import type { InferenceService } from "@modelyard/api";
import { deleteVModel, getVModelStatus, modelIdOf, setVModel, type VModelStatus } from "@modelyard/mesh";
import { type ArtifactStore, describeSource } from "@modelyard/objects";
import { type EventRecorder, keyOfText, type ReconcileResult } from "@modelyard/resources";
import type { Store } from "@modelyard/store";
import type { PredictorPlan } from "../predictor/plan-predictor.ts";
import { failureOf } from "../status/model-words.ts";
import type { StatusFacts } from "../status/plan-status.ts";
import { factsOf, identityOf, type ServiceSources } from "./service-facts.ts";

/** What the reconciler is given. */
export interface MeshReconcilerDeps extends ServiceSources {
  readonly store: Store;
  readonly artifacts: ArtifactStore;
  readonly events: EventRecorder;
}

/** One pass over one service. */
export async function reconcileMesh(deps: MeshReconcilerDeps, key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
  const service = deps.services.get(keyOfText(key));
  if (!service || service.metadata.deletionTimestamp !== undefined) {
    deps.fetches.forget(key);
    await deleteVModel(deps.store, { vmodelId: key, owner: "isvc" }, { signal });
    return undefined;
  }
  const facts = factsOf(deps, service);
  const { planned, selected, wantedDigest, foreignOwner, modelName } = facts;
  // What is refused is in the status; what is registered goes on serving.
  if (planned.kind === "refused" || selected?.kind !== "selected" || foreignOwner !== undefined) return undefined;
  const { plan } = planned;
  if (isServed(facts)) return undefined;
  const isHere = wantedDigest !== undefined && (await deps.artifacts.find(wantedDigest)) !== undefined;
  if (!isHere) return fetchSource(deps, { key, service, plan, isLost: wantedDigest !== undefined });
  await register(deps, { service, plan, modelName, digest: wantedDigest, runtime: selected.name, signal });
  return undefined;
}

/** Whether the mesh does what the service wants as far as control can tell, so that a change of the status alone costs nothing. */
function isServed({ vmodel, targetModel, wantedModelId, modelName }: StatusFacts): boolean {
  if (vmodel === undefined || vmodel.targetModelId !== wantedModelId || vmodel.modelName !== modelName) return false;
  const reason = failureOf(targetModel)?.error.reason;
  return reason !== "ARTIFACT_NOT_FOUND" && reason !== "ARTIFACT_DAMAGED";
}

interface Wanted {
  readonly key: string;
  readonly service: InferenceService;
  readonly plan: PredictorPlan;
  /** Its bytes were here once. */
  readonly isLost: boolean;
}

function fetchSource(deps: MeshReconcilerDeps, { key, service, plan, isLost }: Wanted): ReconcileResult | undefined {
  const { fetches, events, clock } = deps;
  const before = fetches.state(key, plan.sourceHash);
  if (isLost && before?.kind === "done") fetches.forget(key);
  const state = fetches.ensure(key, plan);
  if (state.kind === "running" && before?.kind !== "running") {
    events.record(service, { type: "Normal", reason: "Fetching", message: `Fetching ${describeSource(plan.source)}` });
  }
  return state.kind === "failed" ? { requeueAfterMs: Math.max(0, state.retryAtMs - clock.monotonicMs()) } : undefined;
}

interface Registration {
  readonly service: InferenceService;
  readonly plan: PredictorPlan;
  readonly modelName: string | undefined;
  readonly digest: string;
  readonly runtime: string;
  readonly signal: AbortSignal;
}

async function register(deps: MeshReconcilerDeps, { service, plan, modelName, digest, runtime, signal }: Registration): Promise<void> {
  const { store, events } = deps;
  const identity = identityOf(service, { plan, digest, runtime });
  const vmodelId = `${identity.namespace}/${identity.name}`;
  const modelId = modelIdOf(identity);
  const present = await getVModelStatus(store, vmodelId, { signal });
  const targetRevision = revisionFor(present, modelId);
  const { type, artifactDigest, parameters } = identity;
  await setVModel(
    store,
    {
      vmodelId,
      owner: "isvc",
      targetModelId: modelId,
      targetRevision,
      model: { type, artifactDigest, parameters, runtime },
      autoDelete: true,
      ...(modelName === undefined ? {} : { modelName }),
    },
    { signal },
  );
  if (targetOf(present)?.modelId === modelId) return;
  events.record(service, { type: "Normal", reason: "Registered", message: `Revision ${targetRevision} is registered: ${digest}` });
}

/** Every change of the model gives the next number, going back to an earlier model too, so that a number never means two things. */
function revisionFor(present: VModelStatus, modelId: string): number {
  const target = targetOf(present);
  if (present.kind === "notFound" || !target) return 1;
  return target.modelId === modelId ? target.revision : Math.max(present.active.revision, target.revision) + 1;
}

function targetOf(present: VModelStatus): { readonly modelId: string; readonly revision: number } | undefined {
  return present.kind === "notFound" ? undefined : (present.target ?? present.active);
}
