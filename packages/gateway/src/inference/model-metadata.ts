/** What a client may ask of a model without running it, for both protocol faces. */
import type { Clock } from "@modelyard/core";
import type { Mesh } from "@modelyard/mesh";
import type { ModelSignature } from "@modelyard/runtimes";
import type { GatewayLimits } from "../options.ts";
import { type ResolvedModel, servedVersions } from "../routing/model-reference.ts";
import { acquireServed } from "./acquire-served.ts";
import { RequestLife, type Waiter } from "./request-life.ts";

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
  readonly clock: Clock;
  readonly limits: GatewayLimits;
}

/** From what is known; a model that was never loaded is loaded to ask it. */
export async function modelMetadataOf(deps: ModelMetadataDeps, resolved: ResolvedModel, waiter: Waiter): Promise<ModelMetadata> {
  const { route, served, model } = resolved;
  const signature = deps.mesh.signature(served.modelId) ?? (await signatureByLoading(deps, resolved, waiter));
  const { platform, inputs, outputs } = signature;
  return { name: model, versions: servedVersions(route), platform, inputs, outputs };
}

/** Whether a request would be tried: an evicted model is loaded by it, one that failed to load is not ready. */
export function isModelReady(mesh: Mesh, { served }: ResolvedModel): boolean {
  return mesh.state(served.modelId) !== "FailedToLoad";
}

async function signatureByLoading(deps: ModelMetadataDeps, resolved: ResolvedModel, waiter: Waiter): Promise<ModelSignature> {
  const held = await acquireServed(deps.mesh, resolved, new RequestLife(waiter, deps));
  const { signature } = held.model;
  held.release();
  return signature;
}
