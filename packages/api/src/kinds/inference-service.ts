/** `InferenceService` (serving.kserve.io/v1beta1): a stable name over immutable revisions of a model. Every field KServe's users write. */
import { z } from "zod";
import { type DeepReadonly, defineKind, type KindDefinition } from "../kind-definition.ts";
import { metadataSchema } from "../metadata.ts";
import { checkComponent, componentFields } from "./component.ts";
import { condition } from "./condition.ts";
import { containerFields, opaque, textMap } from "./pod-spec.ts";
import { canaryPredictor, predictor } from "./predictor.ts";

const transformer = z.looseObject(componentFields).superRefine(checkComponent);

const artExplainer = z.looseObject({
  name: z.string().exactOptional(),
  ...containerFields,
  type: z.string().exactOptional(),
  storageUri: z.string().exactOptional(),
  storage: opaque.exactOptional(),
  runtimeVersion: z.string().exactOptional(),
  config: textMap.exactOptional(),
});

const explainer = z.looseObject({ ...componentFields, art: artExplainer.exactOptional() }).superRefine(checkComponent);

const canaries = z.array(canaryPredictor).superRefine((values, context) => {
  const sum = values.reduce((total, one) => total + (one.trafficPercent ?? 0), 0);
  if (sum > 100) context.addIssue({ code: "custom", path: [], message: `the sum of trafficPercent is ${sum} and must be at most 100` });
});

const modelState = z.enum(["", "Pending", "Standby", "Loading", "Loaded", "FailedToLoad"]);

const failureInfo = z.looseObject({
  location: z.string().exactOptional(),
  reason: z.string().exactOptional(),
  message: z.string().exactOptional(),
  modelRevisionName: z.string().exactOptional(),
  time: z.string().exactOptional(),
  exitCode: z.int().exactOptional(),
});

const modelStatus = z.looseObject({
  transitionStatus: z.enum(["UpToDate", "InProgress", "BlockedByFailedLoad", "InvalidSpec"]),
  states: z.looseObject({ activeModelState: modelState, targetModelState: modelState.exactOptional() }).exactOptional(),
  copies: z.looseObject({ failedCopies: z.int(), totalCopies: z.int().exactOptional() }).exactOptional(),
  lastFailureInfo: failureInfo.exactOptional(),
});

const componentStatus = z.looseObject({
  url: z.string().exactOptional(),
  restUrl: z.string().exactOptional(),
  grpcUrl: z.string().exactOptional(),
  address: opaque.exactOptional(),
  latestReadyRevision: z.string().exactOptional(),
  latestCreatedRevision: z.string().exactOptional(),
  previousRolledoutRevision: z.string().exactOptional(),
  latestRolledoutRevision: z.string().exactOptional(),
  traffic: z.array(opaque).exactOptional(),
});

const failureFacts = z.looseObject({
  code: z.string(),
  reason: z.string(),
  message: z.string(),
  retryable: z.boolean(),
  hint: z.string(),
  time: z.string().exactOptional(),
});

/** How far a deployment is; the progress display reads it. KServe has no such field, so it is a block of our own. */
const deployment = z.looseObject({
  /** What happens now; absent when nothing does. */
  stage: z.enum(["fetch", "verify", "prepare", "load"]).exactOptional(),
  doneBytes: z.int().min(0).exactOptional(),
  totalBytes: z.int().min(0).exactOptional(),
  /** Digest of the artifact the target revision serves. */
  digest: z.string().exactOptional(),
  /** Revision that is served. */
  revision: z.int().min(0).exactOptional(),
  /** Revision that is being made ready, while it differs. */
  targetRevision: z.int().min(0).exactOptional(),
  url: z.string().exactOptional(),
  grpc: z.string().exactOptional(),
  /** Name clients use. */
  modelName: z.string().exactOptional(),
  /** Hash of the source, its expected digest and the refetch annotation that `digest` was fetched for. */
  sourceHash: z.string().exactOptional(),
  /** Value of the refetch annotation this status has taken account of. */
  refetch: z.string().exactOptional(),
  /** Why the target is not served, with the reason of the error catalogue. */
  failure: failureFacts.exactOptional(),
});

const status = z.looseObject({
  observedGeneration: z.int().exactOptional(),
  conditions: z.array(condition).exactOptional(),
  annotations: textMap.exactOptional(),
  url: z.string().exactOptional(),
  address: opaque.exactOptional(),
  components: z.record(z.string(), componentStatus).exactOptional(),
  modelStatus: modelStatus.exactOptional(),
  deploymentMode: z.string().exactOptional(),
  servingRuntimeName: z.string().exactOptional(),
  clusterServingRuntimeName: z.string().exactOptional(),
  canaryStatuses: z.array(opaque).exactOptional(),
  modelyard: deployment.exactOptional(),
});

const schema = z.looseObject({
  apiVersion: z.literal("serving.kserve.io/v1beta1"),
  kind: z.literal("InferenceService"),
  metadata: metadataSchema("subdomain"),
  spec: z.looseObject({
    predictor,
    transformer: transformer.exactOptional(),
    explainer: explainer.exactOptional(),
    canary: canaries.exactOptional(),
  }),
  status: status.exactOptional(),
});

/** An InferenceService. */
export type InferenceService = DeepReadonly<z.infer<typeof schema>>;
/** Its status. */
export type InferenceServiceStatus = DeepReadonly<z.infer<typeof status>>;
/** Model part of its status. */
export type ModelStatus = DeepReadonly<z.infer<typeof modelStatus>>;
/** State of a model in a status, "" where there is none. */
export type ModelStateWord = z.infer<typeof modelState>;
/** What is known of the last failure. */
export type FailureInfo = DeepReadonly<z.infer<typeof failureInfo>>;
/** How far a deployment is. */
export type Deployment = DeepReadonly<z.infer<typeof deployment>>;

/** The kind. */
export const inferenceServiceKind: KindDefinition<InferenceService> = defineKind(
  {
    group: "serving.kserve.io",
    version: "v1beta1",
    kind: "InferenceService",
    plural: "inferenceservices",
    singular: "inferenceservice",
    shortNames: ["isvc"],
    namespaced: true,
    hasStatus: true,
    columns: [
      { name: "URL", type: "string", path: "status.url", priority: 0 },
      { name: "Ready", type: "string", path: "status.conditions[?type=Ready].status", priority: 0 },
      { name: "ActiveModel", type: "string", path: "status.modelStatus.states.activeModelState", priority: 0 },
      { name: "TargetModel", type: "string", path: "status.modelStatus.states.targetModelState", priority: 0 },
      { name: "Transition", type: "string", path: "status.modelStatus.transitionStatus", priority: 0 },
      { name: "Revision", type: "integer", path: "status.modelyard.revision", priority: 0 },
      { name: "ModelName", type: "string", path: "status.modelyard.modelName", priority: 1 },
      { name: "Runtime", type: "string", path: "status.clusterServingRuntimeName", priority: 1 },
      { name: "Reason", type: "string", path: "status.modelyard.failure.reason", priority: 1 },
      { name: "Age", type: "date", path: "metadata.creationTimestamp", priority: 0 },
    ],
  },
  schema,
);
