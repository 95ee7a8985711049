/**
 * The status of an InferenceService, from all that is known of it. Pure: the same facts give the same status, whatever happened before, but for the
 * times of conditions and failures, which are those of the first status that said the same.
 *
 * Words are KServe's and ModelMesh's: `available` there is the condition Ready here.
 */
import type {
  Condition,
  Deployment,
  FailureInfo,
  InferenceService,
  InferenceServiceStatus,
  ModelStateWord,
  ModelStatus,
} from "@modelyard/api";
import { modelNameAnnotation, refetchAnnotation } from "@modelyard/api";
import { failure } from "@modelyard/core";
import type { ModelRecord, VModelRecord } from "@modelyard/mesh";
import { keyOf, keyText, setCondition, timestamp } from "@modelyard/resources";
import type { FetchState } from "../fetch/fetches.ts";
import type { PlannedPredictor } from "../predictor/plan-predictor.ts";
import type { SelectedRuntime } from "../predictor/select-runtime.ts";
import { copiesOf, failureOf, loadingStageOf, type ModelFailure, stateWordOf } from "./model-words.ts";
import { serviceUrls } from "./service-urls.ts";

/** Everything a status is made of. */
export interface StatusFacts {
  readonly service: InferenceService;
  readonly planned: PlannedPredictor;
  /** Absent when the predictor was refused. */
  readonly selected: SelectedRuntime | undefined;
  readonly fetch: FetchState | undefined;
  /** The service's own; not one of another owner. */
  readonly vmodel: VModelRecord | undefined;
  /** Who owns the vmodel of this name, when that is not an InferenceService. */
  readonly foreignOwner: VModelRecord["owner"] | undefined;
  /** Service that answers to the model name this one claims. */
  readonly nameHolder: string | undefined;
  /** Name clients may use beside the object's. */
  readonly modelName: string | undefined;
  readonly activeModel: ModelRecord | undefined;
  readonly targetModel: ModelRecord | undefined;
  /** Model the present spec stands for; absent until its bytes are known. */
  readonly wantedModelId: string | undefined;
  readonly wantedDigest: string | undefined;
  readonly dataUrl: string | undefined;
  readonly nowMs: number;
}

/** Condition that says whether requests find the service by its model name. */
export const nameConditionType = "ModelNameAccepted";

/** Failures before anything is loaded happen here. */
const controlLocation = "control";

/** Plans the status. */
export function planStatus(facts: StatusFacts): InferenceServiceStatus {
  const { service, selected } = facts;
  const failed = failureOfFacts(facts);
  const modelStatus = planModelStatus(facts, failed);
  const urls = serviceUrls(service, facts);
  const runtimeName = selected?.kind === "selected" ? selected.name : undefined;
  const isCluster = selected?.kind === "selected" && selected.isCluster;
  return {
    ...(service.metadata.generation === undefined ? {} : { observedGeneration: service.metadata.generation }),
    conditions: planConditions(facts, modelStatus) as Condition[],
    ...(urls ? { url: urls.base, components: { predictor: { url: urls.base, restUrl: urls.base, grpcUrl: `grpc://${urls.grpc}` } } } : {}),
    deploymentMode: "Mesh",
    ...(runtimeName === undefined ? {} : { [isCluster ? "clusterServingRuntimeName" : "servingRuntimeName"]: runtimeName }),
    modelStatus,
    modelyard: planDeployment(facts, { failed, activeWord: modelStatus.states?.activeModelState ?? "Pending" }),
  };
}

/** Whether a request to the service would be answered, if need be after a load of a model that has worked before. */
function isAvailable(activeWord: ModelStateWord, activeModel: ModelRecord | undefined): boolean {
  return activeWord === "Loaded" || activeWord === "Standby" || (activeWord === "Loading" && activeModel?.signature !== undefined);
}

/** Whether the repository API unloaded the model that answers: requests are refused until it is loaded again. */
function isUnloaded(vmodel: VModelRecord | undefined): boolean {
  return vmodel !== undefined && vmodel.unloadedModelId === vmodel.activeModelId;
}

const unloadedWords: { readonly reason: string; readonly message: string } = {
  reason: "Unloaded",
  message: "The repository API unloaded the model; it answers again when it is loaded again or another revision is deployed",
};

function isRegistered({ vmodel, wantedModelId }: StatusFacts): boolean {
  return vmodel !== undefined && vmodel.targetModelId === wantedModelId;
}

/** What stands in the way of the spec, first things first. */
function failureOfFacts(facts: StatusFacts): ModelFailure | undefined {
  const { planned, selected, fetch, foreignOwner, service, nowMs } = facts;
  if (planned.kind === "refused") return { error: planned.error.toPublic(), atMs: nowMs, location: controlLocation };
  if (selected?.kind === "refused") return { error: selected.error.toPublic(), atMs: nowMs };
  if (foreignOwner !== undefined) {
    const owned = { vmodelId: keyText(keyOf(service)), owner: foreignOwner, wanted: "isvc" };
    return { error: failure("VMODEL_OWNED", owned).toPublic(), atMs: nowMs, location: controlLocation };
  }
  if (fetch?.kind === "failed") return { error: fetch.error.toPublic(), atMs: fetch.atMs, location: controlLocation };
  if (!isRegistered(facts)) return undefined;
  return failureOf(facts.targetModel);
}

function planModelStatus(facts: StatusFacts, failed: ModelFailure | undefined): ModelStatus {
  const { vmodel, activeModel, targetModel } = facts;
  const info = failed && { lastFailureInfo: failureInfo(facts, failed) };
  if (!vmodel) {
    const activeModelState = failed ? "FailedToLoad" : "Pending";
    return { transitionStatus: "UpToDate", states: { activeModelState, targetModelState: "" }, copies: copiesOf(undefined), ...info };
  }
  const activeModelState = stateWordOf(activeModel);
  const copies = { ...copiesOf(activeModel), failedCopies: copiesOf(targetModel).failedCopies };
  const base = { copies, ...info };
  if (isRegistered(facts)) {
    if (vmodel.activeModelId === vmodel.targetModelId)
      return { ...base, transitionStatus: "UpToDate", states: { activeModelState, targetModelState: "" } };
    const targetModelState = vmodel.failed ? "FailedToLoad" : stateWordOf(targetModel);
    const transitionStatus = targetModelState === "FailedToLoad" ? "BlockedByFailedLoad" : "InProgress";
    return { ...base, transitionStatus, states: { activeModelState, targetModelState } };
  }
  if (isInvalidSpec(facts)) return { ...base, transitionStatus: "InvalidSpec", states: { activeModelState, targetModelState: "" } };
  if (failed) return { ...base, transitionStatus: "BlockedByFailedLoad", states: { activeModelState, targetModelState: "FailedToLoad" } };
  return { ...base, transitionStatus: "InProgress", states: { activeModelState, targetModelState: "Loading" } };
}

function isInvalidSpec({ planned }: StatusFacts): boolean {
  return planned.kind === "refused" && failureWord(planned.error.reason) === invalidSpecWord;
}

function failureInfo({ service, vmodel, nowMs }: StatusFacts, failed: ModelFailure): FailureInfo {
  const { reason, message } = { reason: failureWord(failed.error.reason), message: failed.error.message };
  const known = service.status?.modelStatus?.lastFailureInfo;
  const isSame = known?.reason === reason && known.message === message && failed.atMs === nowMs;
  return {
    ...(failed.location === undefined ? {} : { location: failed.location }),
    reason,
    message,
    ...(vmodel ? { modelRevisionName: vmodel.targetModelId } : {}),
    time: isSame && known.time !== undefined ? known.time : timestamp(failed.atMs),
  };
}

const invalidSpecWord = "InvalidPredictorSpec";

/** KServe's word for a reason of the catalogue. */
function failureWord(reason: string): string {
  if (reason === "NO_SUPPORTING_RUNTIME") return "NoSupportingRuntime";
  if (reason === "RUNTIME_NOT_RECOGNIZED") return "RuntimeNotRecognized";
  if (reason === "MODEL_RUNTIME_MISSING") return "RuntimeUnhealthy";
  if (reason === "INVALID_ARGUMENT" || reason === "SOURCE_UNSUPPORTED") return invalidSpecWord;
  return "ModelLoadFailed";
}

function planConditions(facts: StatusFacts, modelStatus: ModelStatus): readonly Condition[] {
  const activeWord = modelStatus.states?.activeModelState ?? "Pending";
  const isReady = facts.vmodel !== undefined && !isUnloaded(facts.vmodel) && isAvailable(activeWord, facts.activeModel);
  const { reason = activeWord, message } = modelStatus.lastFailureInfo ?? (isUnloaded(facts.vmodel) ? unloadedWords : {});
  const now = timestamp(facts.nowMs);
  let conditions: readonly Condition[] = (facts.service.status?.conditions ?? []) as Condition[];
  for (const type of ["PredictorReady", "Ready"]) {
    const wanted = isReady
      ? ({ type, status: "True" } as const)
      : ({ type, status: "False", reason, ...(message === undefined ? {} : { message }) } as const);
    conditions = setCondition(conditions, wanted, now);
  }
  return withNameCondition(facts, conditions);
}

/** Present only while another service answers to the name. */
function withNameCondition({ service, nameHolder, nowMs }: StatusFacts, conditions: readonly Condition[]): readonly Condition[] {
  if (nameHolder === undefined) return conditions.filter((one) => one.type !== nameConditionType);
  const { name, annotations = {} } = service.metadata;
  const wanted = `The model name "${annotations[modelNameAnnotation] ?? name}" is that of the InferenceService "${nameHolder}"`;
  const message = `${wanted}: requests find this one as "${name}"`;
  return setCondition(conditions, { type: nameConditionType, status: "False", reason: "ModelNameTaken", message }, timestamp(nowMs));
}

function planDeployment(
  facts: StatusFacts,
  made: { readonly failed: ModelFailure | undefined; readonly activeWord: ModelStateWord },
): Deployment {
  const { service, planned, vmodel, wantedDigest, activeModel } = facts;
  const urls = serviceUrls(service, facts);
  const refetch = service.metadata.annotations?.[refetchAnnotation];
  const hasAnswered = vmodel !== undefined && (isAvailable(made.activeWord, activeModel) || activeModel?.signature !== undefined);
  const isChanging = vmodel !== undefined && !(hasAnswered && vmodel.targetModelId === vmodel.activeModelId);
  return {
    ...progressOf(facts),
    ...(wantedDigest === undefined ? {} : { digest: wantedDigest }),
    ...(hasAnswered ? { revision: vmodel.activeRevision } : {}),
    ...(isChanging ? { targetRevision: vmodel.targetRevision } : {}),
    ...(urls ? { url: urls.model, grpc: urls.grpc, modelName: urls.modelName } : {}),
    ...(planned.kind === "planned" && wantedDigest !== undefined ? { sourceHash: planned.plan.sourceHash } : {}),
    ...(refetch === undefined ? {} : { refetch }),
    ...(made.failed ? { failure: failureFacts(facts, made.failed) } : {}),
  };
}

function failureFacts(facts: StatusFacts, failed: ModelFailure): NonNullable<Deployment["failure"]> {
  const { code, reason, message, retryable, hint } = failed.error;
  const { time } = failureInfo(facts, failed);
  return { code, reason, message, retryable, hint, ...(time === undefined ? {} : { time }) };
}

function progressOf(facts: StatusFacts): Pick<Deployment, "stage" | "doneBytes" | "totalBytes"> {
  const { fetch } = facts;
  if (fetch?.kind === "running") {
    const { stage, doneBytes, totalBytes } = fetch;
    return { stage, doneBytes, ...(totalBytes === undefined ? {} : { totalBytes }) };
  }
  const stage = isRegistered(facts) ? loadingStageOf(facts.targetModel) : undefined;
  return stage === undefined ? {} : { stage };
}
