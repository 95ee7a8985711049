/**
 * Resource kinds as schemas: one source for validation, TypeScript types, and later CustomResourceDefinitions and OpenAPI.
 * Unknown fields are kept and reported; a refused object names every wrong field by its path.
 */
export {
  type FieldProblem,
  type FieldProblemReason,
  fieldPath,
  fieldProblemsOf,
  invalidObject,
  type ProblemSubject,
} from "./field-problem.ts";
export type { ApiObject, DeepReadonly, KindDefinition, PrintColumn } from "./kind-definition.ts";
export type { Condition } from "./kinds/condition.ts";
export { type Event, eventKind } from "./kinds/event.ts";
export {
  type Deployment,
  type FailureInfo,
  type InferenceService,
  type InferenceServiceStatus,
  inferenceServiceKind,
  type ModelStateWord,
  type ModelStatus,
} from "./kinds/inference-service.ts";
export { type Model, type ModelObjectStatus, type ModelPhase, modelKind } from "./kinds/model.ts";
export { type Namespace, namespaceKind } from "./kinds/namespace.ts";
export { type Framework, frameworks } from "./kinds/predictor.ts";
export { apiKeySecretType, type Secret, secretEntries, secretKind } from "./kinds/secret.ts";
export {
  type ClusterServingRuntime,
  clusterServingRuntimeKind,
  type ServingRuntime,
  type ServingRuntimeSpec,
  servingRuntimeKind,
} from "./kinds/serving-runtime.ts";
export { apiVersionOf, findKind, kinds, resourceNameOf } from "./kinds.ts";
export { isDnsLabel, isDnsSubdomain, isLabelValue, isQualifiedName } from "./names.ts";
export { isModelName, maxModelNameLength, modelNameAnnotation, objectNameFor, refetchAnnotation } from "./object-name.ts";
export { cellOf } from "./print-cell.ts";
