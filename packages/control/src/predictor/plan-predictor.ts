/** What an InferenceService asks for, as far as the mesh is concerned. Pure. */
import { createHash } from "node:crypto";
import {
  type Framework,
  frameworks,
  type InferenceService,
  isModelName,
  modelNameAnnotation,
  refetchAnnotation,
  type Secret,
} from "@modelyard/api";
import { failure, PlatformError } from "@modelyard/core";
import { identityOfSource } from "@modelyard/objects";
import { type PlannedSource, planSource } from "./plan-source.ts";

/** Annotation with the digest the bytes of the source must have. */
export const expectedDigestAnnotation = "modelyard.dev/expected-digest";

/** Annotation of the per-framework form that names a runtime, as ModelMesh Serving reads it. */
const runtimeAnnotation = "serving.kserve.io/servingRuntime";

/** What is to be served. */
export interface PredictorPlan extends PlannedSource {
  readonly format: { readonly name: string; readonly version?: string };
  /** Name of the runtime that was asked for. */
  readonly runtime?: string;
  readonly protocol?: string;
  readonly expectedDigest?: string;
  /** Changes when the source is to be fetched again; holds nothing of credentials, so that a new key is no new source. */
  readonly sourceHash: string;
  /** Name clients use when it is not the object's. */
  readonly modelName?: string;
}

/** A plan, or why there is none. */
export type PlannedPredictor =
  | { readonly kind: "planned"; readonly plan: PredictorPlan }
  | { readonly kind: "refused"; readonly error: PlatformError };

/**
 * Reads the predictor of an InferenceService, in the `model` form or one of the per-framework forms, beside the `storage-config` Secret of its namespace.
 */
export function planPredictor(service: InferenceService, secret?: Secret): PlannedPredictor {
  try {
    return { kind: "planned", plan: readPredictor(service, secret) };
  } catch (error) {
    if (PlatformError.is(error)) return { kind: "refused", error };
    throw error;
  }
}

function readPredictor(service: InferenceService, secret: Secret | undefined): PredictorPlan {
  const { annotations = {} } = service.metadata;
  const { predictor } = service.spec;
  const framework = frameworks.find((one) => predictor[one] !== undefined);
  const form = predictor.model ?? (framework && predictor[framework]);
  if (!form) throw failure("STORAGE_MISSING", {});
  const planned = planSource(form, { annotations, secret });
  const expectedDigest = annotations[expectedDigestAnnotation];
  const runtime = predictor.model?.runtime ?? annotations[runtimeAnnotation];
  const modelName = modelNameOf(annotations);
  return {
    format: formatOf(predictor.model?.modelFormat, framework),
    ...planned,
    sourceHash: hashOf([
      identityOfSource(planned.source),
      expectedDigest ?? "",
      annotations[refetchAnnotation] ?? "",
      ...(planned.unpack === undefined ? [] : [planned.unpack]),
    ]),
    ...(runtime === undefined || runtime === "" ? {} : { runtime }),
    ...(form.protocolVersion === undefined || form.protocolVersion === "" ? {} : { protocol: form.protocolVersion }),
    ...(expectedDigest === undefined ? {} : { expectedDigest }),
    ...(modelName === undefined ? {} : { modelName }),
  };
}

function formatOf(
  format: { readonly name: string; readonly version?: string } | undefined,
  framework: Framework | undefined,
): PredictorPlan["format"] {
  const { name = framework ?? "", version } = format ?? {};
  return version === undefined || version === "" ? { name } : { name, version };
}

function modelNameOf(annotations: Readonly<Record<string, string>>): string | undefined {
  const name = annotations[modelNameAnnotation];
  if (name === undefined || isModelName(name)) return name;
  throw failure("INVALID_ARGUMENT", { what: `The annotation ${modelNameAnnotation} is not a model name of 1 to 255 visible characters` });
}

function hashOf(facts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 16);
}
