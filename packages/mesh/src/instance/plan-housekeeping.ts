/** What records say that is no longer so, and what a new life of an instance loads again. Pure. */
import type { ModelFacts } from "../model-facts.ts";
import { isQuarantined } from "../model-state.ts";
import { isUnexpired } from "../plan-admission.ts";
import type { CopyRecord, ModelRecord } from "../records.ts";

/** What the decision depends on. */
export interface HousekeepingState {
  /** With this instance's facts that are not written yet. */
  readonly models: Iterable<readonly [modelId: string, record: ModelRecord]>;
  readonly instanceId: string;
  /** This instance's copy, if it has one. */
  readonly localCopy: (modelId: string) => CopyRecord | undefined;
  /** Instances whose copies are to be removed; empty for an instance that does not lead. */
  readonly goneInstances: ReadonlySet<string>;
  readonly nowMs: number;
  readonly failureExpiryMs: number;
}

/** Facts that make the records true. */
export function planHousekeeping(state: HousekeepingState): readonly (readonly [modelId: string, facts: ModelFacts])[] {
  const planned: (readonly [string, ModelFacts])[] = [];
  for (const [modelId, record] of state.models) {
    const facts = { ...copyFacts(state, modelId, record), ...failureFacts(state, record), ...goneFacts(state, record) };
    if (Object.keys(facts).length > 0) planned.push([modelId, facts]);
  }
  return planned;
}

/** What an instance had loaded in its previous life, the most recently used first, as far as four fifths of its memory hold it. */
export function planWarmUp(
  models: Iterable<readonly [modelId: string, record: ModelRecord]>,
  limits: { readonly instanceId: string; readonly capacityBytes: number; readonly maxModels: number },
): readonly string[] {
  const had = Array.from(models).filter(([, record]) => record.copies[limits.instanceId] && !isQuarantined(record));
  let leftBytes = limits.capacityBytes * warmUpShare;
  const chosen: string[] = [];
  for (const [modelId, record] of had.toSorted(([, a], [, b]) => b.lastUsedMs - a.lastUsedMs)) {
    leftBytes -= record.copies[limits.instanceId]?.sizeBytes ?? 0;
    if (leftBytes < 0 || chosen.length >= limits.maxModels) break;
    chosen.push(modelId);
  }
  return chosen;
}

const warmUpShare = 0.8;

function copyFacts(state: HousekeepingState, modelId: string, record: ModelRecord): ModelFacts {
  const local = state.localCopy(modelId);
  const recorded = record.copies[state.instanceId];
  if (recorded && !local) return { copy: "none" };
  return local && !recorded ? { copy: local } : {};
}

function failureFacts(state: HousekeepingState, record: ModelRecord): ModelFacts {
  const failed = record.failures[state.instanceId];
  return failed && !isQuarantined(record) && !isUnexpired(failed, state) ? { failure: "none" } : {};
}

function goneFacts({ goneInstances }: HousekeepingState, record: ModelRecord): ModelFacts {
  if (goneInstances.size === 0) return {};
  const mentioned = [...Object.keys(record.copies), ...Object.keys(record.failures)];
  return mentioned.some((instanceId) => goneInstances.has(instanceId)) ? { goneInstances } : {};
}
