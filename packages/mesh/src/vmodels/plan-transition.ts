/**
 * What a vmodel needs next: its first load, the load of its target, the switch, or the word that the target does not load. Pure.
 *
 * The plan is made anew from the whole state after every change, by every instance; compare-and-swap sees to it that a switch happens once.
 */
import type { ModelState } from "../contract.ts";
import { isQuarantined } from "../model-state.ts";
import type { ModelRecord, VModelRecord } from "../records.ts";

/** One model of a vmodel, as an instance knows it. */
export interface TransitionModel {
  readonly record: ModelRecord;
  /** In this instance's own cache. */
  readonly local: Extract<ModelState, "Loaded" | "Loading"> | undefined;
  /** When a load may be tried again here, ms since 1970; undefined = now. */
  readonly refusedUntilMs: number | undefined;
}

/** What the plan depends on. */
export interface TransitionState {
  readonly vmodel: VModelRecord;
  readonly active: TransitionModel | undefined;
  readonly target: TransitionModel | undefined;
  /** Other instances that have a record under a lease. */
  readonly otherInstances: { has(instanceId: string): boolean };
}

/** What to do. */
export type TransitionAction =
  | { readonly kind: "none" }
  /** Load a model in the background. */
  | { readonly kind: "ensure"; readonly modelId: string; readonly reason: string }
  | { readonly kind: "switch"; readonly targetModelId: string }
  | { readonly kind: "markFailed"; readonly targetModelId: string }
  /** Look again then, ms since 1970. */
  | { readonly kind: "wait"; readonly untilMs: number };

const nothing: TransitionAction = { kind: "none" };

/** Plans the next step. */
export function planTransition(state: TransitionState): TransitionAction {
  const { activeModelId, targetModelId } = state.vmodel;
  return activeModelId === targetModelId ? planFirstLoad(state) : planTarget(state);
}

/** A new service is loaded at once; one that was loaded before is loaded when it is asked for. */
function planFirstLoad(state: TransitionState): TransitionAction {
  const { active, vmodel } = state;
  if (vmodel.unloadedModelId === vmodel.activeModelId) return nothing;
  if (!active || active.record.signature || active.local || isQuarantined(active.record)) return nothing;
  if (active.refusedUntilMs !== undefined) return waitUntil(active.refusedUntilMs);
  if (copyOn(state.otherInstances, active.record) !== undefined) return nothing;
  return { kind: "ensure", modelId: vmodel.activeModelId, reason: "it is new" };
}

function planTarget(state: TransitionState): TransitionAction {
  const { target, vmodel } = state;
  const { targetModelId } = vmodel;
  if (!target) return nothing;
  const elsewhere = copyOn(state.otherInstances, target.record);
  if (!isQuarantined(target.record) && (target.local === "Loaded" || elsewhere === "loaded")) return { kind: "switch", targetModelId };
  if (target.refusedUntilMs !== undefined) {
    return vmodel.failed ? waitUntil(target.refusedUntilMs) : { kind: "markFailed", targetModelId };
  }
  if (target.local === "Loading" || elsewhere === "loading") return nothing;
  return { kind: "ensure", modelId: targetModelId, reason: "it is the target of a transition" };
}

function copyOn(otherInstances: TransitionState["otherInstances"], record: ModelRecord): "loading" | "loaded" | undefined {
  const states = Object.entries(record.copies).flatMap(([instanceId, copy]) => (otherInstances.has(instanceId) ? [copy.state] : []));
  return states.includes("loaded") ? "loaded" : states[0];
}

function waitUntil(untilMs: number): TransitionAction {
  return Number.isFinite(untilMs) ? { kind: "wait", untilMs } : nothing;
}
