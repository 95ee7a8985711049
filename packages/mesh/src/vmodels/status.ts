/** What a vmodel's records say, in the words that ModelMesh's `getVModelStatus` uses. Pure. */
import type { PublicError } from "@modelyard/core";
import type { ModelState } from "../contract.ts";
import { modelStateOf, newestFailure } from "../model-state.ts";
import type { ModelRecord, VModelRecord } from "../records.ts";
import type { VModelSnapshot } from "./plan.ts";

/** One model of a vmodel. */
export interface VModelSide {
  readonly modelId: string;
  readonly revision: number;
  readonly state: ModelState;
  /** Why it does not load, when it does not. */
  readonly error?: PublicError;
  /** When that was, ms since 1970. */
  readonly failedAtMs?: number;
}

/** Status of a vmodel. */
export type VModelStatus =
  | { readonly kind: "notFound" }
  | {
      readonly kind: "defined" | "transitioning" | "transitionFailed";
      readonly owner: VModelRecord["owner"];
      readonly active: VModelSide;
      /** Only while it is not the active one. */
      readonly target?: VModelSide;
    };

/** Status from a vmodel's records. */
export function vmodelStatus(snapshot: Pick<VModelSnapshot, "vmodel" | "models">): VModelStatus {
  const vmodel = snapshot.vmodel?.record;
  if (!vmodel) return { kind: "notFound" };
  const side = (modelId: string, revision: number): VModelSide => sideOf(snapshot.models.get(modelId)?.record, modelId, revision);
  const active = side(vmodel.activeModelId, vmodel.activeRevision);
  if (vmodel.activeModelId === vmodel.targetModelId) return { kind: "defined", owner: vmodel.owner, active };
  const target = side(vmodel.targetModelId, vmodel.targetRevision);
  return { kind: vmodel.failed ? "transitionFailed" : "transitioning", owner: vmodel.owner, active, target };
}

function sideOf(record: ModelRecord | undefined, modelId: string, revision: number): VModelSide {
  const state = record ? modelStateOf(record) : "NotLoaded";
  const failed = record && state === "FailedToLoad" ? newestFailure(record) : undefined;
  return { modelId, revision, state, ...(failed && { error: failed.error, failedAtMs: failed.atMs }) };
}
