/** What a client may ask of a model without running it, for both protocol faces. */
import type { Mesh } from "@modelyard/mesh";
import type { ModelSignature } from "@modelyard/runtimes";
import { type ResolvedModel, servedVersions } from "../routing/model-reference.ts";
import type { InferenceRunner } from "./inference-runner.ts";
import type { Waiter } from "./request-life.ts";

/** Metadata of a model, in the form both faces share. */
export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: ModelSignature["inputs"];
  readonly outputs: ModelSignature["outputs"];
}

/** What {@link modelMetadataOf} is given. */
export interface ModelMetadataDeps {
  readonly mesh: Mesh;
  readonly runner: InferenceRunner;
}

/** From what is known; a model that was never loaded is loaded to ask it. */
export async function modelMetadataOf(
  { mesh, runner }: ModelMetadataDeps,
  resolved: ResolvedModel,
  waiter: Waiter,
): Promise<ModelMetadata> {
  const { route, served, model } = resolved;
  const signature = mesh.signature(served.modelId) ?? (await runner.loadSignature(resolved, waiter));
  const { platform, inputs, outputs } = signature;
  return { name: model, versions: servedVersions(route), platform, inputs, outputs };
}

/** Whether a request would be tried: an evicted model is loaded by it, one that failed to load is not ready. */
export function isModelReady(mesh: Mesh, { served }: ResolvedModel): boolean {
  return mesh.state(served.modelId) !== "FailedToLoad";
}
