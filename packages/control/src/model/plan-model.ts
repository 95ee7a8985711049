/** What becomes of a Model: the InferenceService it wants, and its status. Pure. */
import { type InferenceService, type Model, type ModelObjectStatus, type ModelPhase, modelNameAnnotation } from "@modelyard/api";
import { timestamp } from "@modelyard/resources";
import { expectedDigestAnnotation } from "../predictor/plan-predictor.ts";

/** Most entries of a timeline; the oldest go. */
const maxTimeline = 50;

/** The service a Model wants; undefined when it is not to be deployed, or has no source that can be fetched. */
export function serviceOf(model: Model): InferenceService | undefined {
  const storageUri = sourceUri(model);
  if (model.spec.deploy === false || storageUri === undefined) return undefined;
  const { name, namespace = "default", uid = "", annotations = {} } = model.metadata;
  const modelName = annotations[modelNameAnnotation];
  const { digest } = model.spec.source;
  const { modelFormat = { name: "onnx" } } = model.spec;
  return {
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: {
      name,
      namespace,
      annotations: {
        ...(modelName === undefined ? {} : { [modelNameAnnotation]: modelName }),
        ...(digest === undefined ? {} : { [expectedDigestAnnotation]: digest }),
      },
      ownerReferences: [{ apiVersion: model.apiVersion, kind: model.kind, name, uid, controller: true }],
    },
    spec: { predictor: { model: { modelFormat, storageUri } } },
  };
}

/** Whether a service belongs to a Model. */
export function isOwnedBy(service: InferenceService, model: Pick<Model, "metadata">): boolean {
  return (service.metadata.ownerReferences ?? []).some(({ kind, uid }) => kind === "Model" && uid === model.metadata.uid);
}

/** The status of a Model whose service is `service`. */
export function planModelStatus(model: Model, service: InferenceService | undefined, nowMs: number): ModelObjectStatus {
  const { phase, message } = phaseOf(model, service);
  const known = model.status;
  const deployment = service && isOwnedBy(service, model) ? service.status?.modelyard : undefined;
  const { generation } = model.metadata;
  const entry = { time: timestamp(nowMs), phase, ...(message === undefined ? {} : { message }) };
  const timeline = known?.timeline ?? [];
  const last = timeline.at(-1);
  const isNew = last?.phase !== phase || last.message !== message;
  return {
    phase,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...(deployment?.digest === undefined ? {} : { digest: deployment.digest }),
    findings: phase === "Failed" ? [{ severity: "error", message: message ?? "" }] : [],
    ...(deployment?.revision === undefined
      ? {}
      : { deployed: deployedOf(model.metadata.name, { ...deployment, revision: deployment.revision }) }),
    timeline: isNew ? [...timeline, entry].slice(-maxTimeline) : timeline,
    ...(message === undefined ? {} : { message }),
  };
}

function deployedOf(
  inferenceService: string,
  deployment: { readonly revision: number; readonly url?: string; readonly grpc?: string },
): NonNullable<ModelObjectStatus["deployed"]> {
  const { revision, url, grpc } = deployment;
  return { inferenceService, revision, ...(url === undefined ? {} : { url }), ...(grpc === undefined ? {} : { grpc }) };
}

function phaseOf(model: Model, service: InferenceService | undefined): { readonly phase: ModelPhase; readonly message?: string } {
  if (model.spec.deploy === false) return { phase: "Pending", message: "It is not to be deployed" };
  if (sourceUri(model) === undefined)
    return { phase: "Failed", message: "A source of a digest alone is not supported: give its uri or path too" };
  if (!service) return { phase: "Pending" };
  if (!isOwnedBy(service, model)) {
    return { phase: "Failed", message: `The InferenceService "${service.metadata.name}" exists and does not belong to this Model` };
  }
  if (service.status?.observedGeneration !== service.metadata.generation) return { phase: "Deploying" };
  const failed = service.status?.modelyard?.failure;
  if (failed) return { phase: "Failed", message: `${failed.message} (${failed.reason})` };
  const isReady = (service.status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");
  const isUpToDate = service.status?.modelStatus?.transitionStatus === "UpToDate";
  return { phase: isReady && isUpToDate ? "Deployed" : "Deploying" };
}

function sourceUri(model: Model): string | undefined {
  return model.spec.source.uri ?? model.spec.source.path;
}
