/** What a client may ask of a model without running it, for both protocol faces. */
import type { Mesh } from "@modelyard/mesh";
import type { ModelSignature } from "@modelyard/runtimes";
import { type ResolvedModel, refuseUnloaded, servedVersions } from "../routing/model-reference.ts";
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

/** What a revision takes and gives: as it is known; a model that was never loaded is loaded to ask it, one that was unloaded is refused. */
export async function signatureOf({ mesh, runner }: ModelMetadataDeps, resolved: ResolvedModel, waiter: Waiter): Promise<ModelSignature> {
  refuseUnloaded(resolved);
  return mesh.signature(resolved.served.modelId) ?? (await runner.loadSignature(resolved, waiter));
}

/** Metadata of a revision, by its signature. */
export async function modelMetadataOf(deps: ModelMetadataDeps, resolved: ResolvedModel, waiter: Waiter): Promise<ModelMetadata> {
  const { platform, inputs, outputs } = await signatureOf(deps, resolved, waiter);
  return { name: resolved.model, versions: servedVersions(resolved.route), platform, inputs, outputs };
}

/** Whether a request would be tried: an evicted model is loaded by it, one that was unloaded or failed to load is not ready. */
export function isModelReady(mesh: Mesh, { route, served }: ResolvedModel): boolean {
  return route.isUnloaded !== true && mesh.state(served.modelId) !== "FailedToLoad";
}
