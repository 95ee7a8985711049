/** What an InferenceService asks for, as far as the mesh is concerned. Pure. */
import { createHash } from "node:crypto";
import { type Framework, frameworks, type InferenceService, isModelName, modelNameAnnotation, refetchAnnotation } from "@modelyard/api";
import { failure, PlatformError } from "@modelyard/core";
import { type ArtifactSource, parseArtifactSource } from "@modelyard/objects";

/** Annotation with the digest the bytes of the source must have. */
export const expectedDigestAnnotation = "modelyard.dev/expected-digest";

/** Annotation of the per-framework form that names a runtime, as ModelMesh Serving reads it. */
const runtimeAnnotation = "serving.kserve.io/servingRuntime";

/** What is to be served. */
export interface PredictorPlan {
  readonly format: { readonly name: string; readonly version?: string };
  /** Name of the runtime that was asked for. */
  readonly runtime?: string;
  readonly protocol?: string;
  readonly source: ArtifactSource;
  readonly expectedDigest?: string;
  /** Changes when the source is to be fetched again. */
  readonly sourceHash: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Name clients use when it is not the object's. */
  readonly modelName?: string;
}

/** A plan, or why there is none. */
export type PlannedPredictor =
  | { readonly kind: "planned"; readonly plan: PredictorPlan }
  | { readonly kind: "refused"; readonly error: PlatformError };

/** Reads the predictor of an InferenceService, in the `model` form or one of the per-framework forms. */
export function planPredictor(service: InferenceService): PlannedPredictor {
  try {
    return { kind: "planned", plan: readPredictor(service) };
  } catch (error) {
    if (PlatformError.is(error)) return { kind: "refused", error };
    throw error;
  }
}

function readPredictor(service: InferenceService): PredictorPlan {
  const { annotations = {} } = service.metadata;
  const { predictor } = service.spec;
  const framework = frameworks.find((one) => predictor[one] !== undefined);
  const form = predictor.model ?? (framework && predictor[framework]);
  if (!form) throw failure("STORAGE_MISSING", {});
  const source = sourceOf(form.storageUri, form.storage);
  const expectedDigest = annotations[expectedDigestAnnotation];
  const runtime = predictor.model?.runtime ?? annotations[runtimeAnnotation];
  const modelName = modelNameOf(annotations);
  return {
    format: formatOf(predictor.model?.modelFormat, framework),
    source,
    sourceHash: hashOf([source, expectedDigest ?? "", annotations[refetchAnnotation] ?? ""]),
    parameters: form.storage?.parameters ?? {},
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

function sourceOf(uri: string | undefined, storage: { readonly path?: string; readonly key?: string } | undefined): ArtifactSource {
  if (uri !== undefined && uri !== "") return parseArtifactSource(uri);
  if (storage?.path === undefined && storage?.key === undefined) throw failure("STORAGE_MISSING", {});
  throw failure("STORAGE_UNSUPPORTED", { why: "storage.key and storage.path name an object store, and none is configured" });
}

function modelNameOf(annotations: Readonly<Record<string, string>>): string | undefined {
  const name = annotations[modelNameAnnotation];
  if (name === undefined || isModelName(name)) return name;
  throw failure("INVALID_ARGUMENT", { what: `The annotation ${modelNameAnnotation} is not a model name of 1 to 255 visible characters` });
}

function hashOf(facts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 16);
}
