/** The form of the rules: what an operator makes of rows. */
import type { RowNode } from "./row-node.ts";
import type { RowValue } from "./row-value.ts";

/**
 * What the outputs of a node are: one value for all of them or one each. `undefined`: rows are mixed, or nobody can tell. Called with inputs of which none is
 * `mixed` and at least one is not constant, or, for the operators that shapes are put together with, all constant.
 */
export type RowRule = (node: RowNode) => RowValue | readonly RowValue[] | undefined;

/** Rules by name of the operator. */
export type RowRules = Readonly<Record<string, RowRule>>;

/** The same rule for several operators. */
export function rulesFor(names: readonly string[], rule: RowRule): RowRules {
  return Object.fromEntries(names.map((name) => [name, rule]));
}
