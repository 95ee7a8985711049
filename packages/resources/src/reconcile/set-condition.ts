/** The one way to write a condition. */
import type { Condition } from "@modelyard/api";

/** A condition without its time. */
export interface WantedCondition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason?: string;
  readonly message?: string;
}

/**
 * Sets one condition of a list. `lastTransitionTime` becomes `now` (RFC 3339) only when the status changes; the list is returned as it is when
 * nothing changes. Conditions stay in the order of their types.
 */
export function setCondition(conditions: readonly Condition[], wanted: WantedCondition, now: string): readonly Condition[] {
  const known = conditions.find((one) => one.type === wanted.type);
  if (known && known.status === wanted.status && known.reason === wanted.reason && known.message === wanted.message) return conditions;
  const isSameStatus = known?.status === wanted.status && known.lastTransitionTime !== undefined;
  const next: Condition = { ...wanted, lastTransitionTime: isSameStatus ? known.lastTransitionTime : now };
  return [...conditions.filter((one) => one !== known), next].toSorted((a, b) => (a.type < b.type ? -1 : 1));
}
