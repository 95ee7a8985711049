/** Conditions of a transaction. */
import { assertNever } from "@modelyard/core";
import type { Compare, KeyValue } from "../contract.ts";

/** Whether a condition holds for a key as it stands; `undefined` is a missing key. */
export function compareHolds(compare: Compare, current: KeyValue | undefined): boolean {
  if (compare.target === "value") return current !== undefined && matches(compare.result, Buffer.compare(current.value, compare.value));
  return matches(compare.result, numberOf(compare.target, current) - compare.value);
}

function numberOf(target: Exclude<Compare["target"], "value">, current: KeyValue | undefined): number {
  return current === undefined ? 0 : current[target];
}

function matches(result: Compare["result"], order: number): boolean {
  switch (result) {
    case "equal":
      return order === 0;
    case "notEqual":
      return order !== 0;
    case "greater":
      return order > 0;
    case "less":
      return order < 0;
    default:
      return assertNever(result);
  }
}
