/**
 * Whether requests can be run together: whether each row of every output depends on that row of the inputs alone, whatever the values are. Found by
 * following the rows through the graph, so that it holds for every input and not only for those that were tried.
 *
 * Invariant: an operator without a rule, or one used in a way its rule does not know, mixes rows. Never the other way round.
 */
import type { OnnxGraph, OnnxModel, OnnxNode } from "../model.ts";
import { requiredInputs } from "../signature.ts";
import { axisRules } from "./axis-rules.ts";
import { elementwiseRules } from "./elementwise-rules.ts";
import { layerRules } from "./layer-rules.ts";
import type { RowRule, RowRules } from "./row-rules.ts";
import { constantOf, mixed, type RowValue, rowsOf, someConstant } from "./row-value.ts";
import { shapeRules } from "./shape-rules.ts";
import { treeRules } from "./tree-rules.ts";

/** The answer; `why` names what mixes rows, or may. */
export type RowIndependence = { readonly isIndependent: true } | { readonly isIndependent: false; readonly why: string };

const rulesOfDomain: Readonly<Record<string, RowRules>> = {
  "": { ...elementwiseRules, ...layerRules, ...axisRules, ...shapeRules },
  "ai.onnx.ml": treeRules,
};
/** Constants that shapes are put together from stay known. */
const followedConstants: ReadonlySet<string> = new Set(["Cast", "Concat", "Gather", "Identity", "Slice", "Squeeze", "Unsqueeze"]);
const random = /^(Random|Bernoulli$|Multinomial$)/;

/** Follows the rows of a model's inputs: axis 0 of each, which must be of any size. */
export function rowIndependence(model: OnnxModel): RowIndependence {
  const { graph } = model;
  if (!graph) return { isIndependent: false, why: "it has no graph" };
  const values = startingValues(graph);
  const opsets = new Map(model.opsetImport.map(({ domain, version }) => [domainOf(domain), Number(version ?? 1)]));
  const locals = new Set(model.functions.map(({ domain, name }) => `${domainOf(domain)}.${name}`));
  for (const node of graph.node) follow(node, { values, opsets, locals });
  const inputs = new Set(graph.input.map(({ name }) => name));
  for (const { name = "" } of graph.output) {
    const value = values.get(name);
    // The runtime may give the input's own memory back, which is used again for the rows of others.
    if (inputs.has(name)) return { isIndependent: false, why: `the output "${name}" is an input` };
    if (value?.kind === "mixed") return { isIndependent: false, why: value.why };
    if (value?.kind !== "rows") return { isIndependent: false, why: `the output "${name}" does not have a row for each row of the inputs` };
  }
  return { isIndependent: true };
}

interface Walk {
  readonly values: Map<string, RowValue>;
  readonly opsets: ReadonlyMap<string, number>;
  /** Functions of the model itself, which are not looked into. */
  readonly locals: ReadonlySet<string>;
}

function startingValues(graph: OnnxGraph): Map<string, RowValue> {
  const values = new Map<string, RowValue>(graph.initializer.map((tensor) => [tensor.name ?? "", constantOf(tensor)]));
  for (const { values: sparse } of graph.sparseInitializer) values.set(sparse?.name ?? "", someConstant);
  for (const { value } of requiredInputs(graph)) {
    const { name = "" } = value;
    const [first, ...others] = value.type?.tensorType?.shape?.dim ?? [];
    if (!first || first.dimValue !== undefined) values.set(name, mixed(`the first axis of the input "${name}" is not of any size`));
    else values.set(name, rowsOf(others.map(({ dimValue }) => (dimValue === undefined ? "any" : Number(dimValue)))));
  }
  return values;
}

function follow(node: OnnxNode, walk: Walk): void {
  const made = madeBy(node, walk);
  for (const [index, name] of node.output.entries()) {
    if (name !== "")
      walk.values.set(name, Array.isArray(made) ? (made[index] ?? mixed(`"${name}" is an output nobody follows`)) : (made as RowValue));
  }
}

function madeBy(node: OnnxNode, { values, opsets, locals }: Walk): RowValue | readonly RowValue[] {
  const { opType = "" } = node;
  const domain = domainOf(node.domain);
  const inputs = node.input.map((name) => (name === "" ? undefined : (values.get(name) ?? mixed(`"${name}" comes from nowhere`))));
  const spoilt = inputs.find((value) => value?.kind === "mixed");
  if (spoilt) return spoilt;
  const cannot = mixed(`the operator ${opType}${node.name ? ` of the node "${node.name}"` : ""} mixes rows, or may`);
  if (opType === "Constant" && domain === "") return constantOfNode(node);
  const hasGraph = node.attribute.some((one) => one.g !== undefined || one.graphs.length > 0);
  if (hasGraph || locals.has(`${domain}.${opType}`) || random.test(opType)) return cannot;
  const rule: RowRule | undefined = rulesOfDomain[domain]?.[opType];
  const isConstant = inputs.every((value) => value === undefined || value.kind === "constant");
  if (isConstant && rule && !followedConstants.has(opType)) return someConstant;
  const made = rule?.({ node, inputs, opset: opsets.get(domain) ?? 1 });
  return made ?? (isConstant && rule ? someConstant : cannot);
}

/** `value`, `value_int` and `value_ints` are of use in shapes. */
function constantOfNode(node: OnnxNode): RowValue {
  for (const { name, t, i, ints } of node.attribute) {
    if (name === "value" && t) return constantOf(t);
    if (name === "value_int" && i !== undefined) return { kind: "constant", shape: [], numbers: [Number(i)] };
    if (name === "value_ints") return { kind: "constant", shape: [ints.length], numbers: ints.map(Number) };
    if (name === "value_float") return { kind: "constant", shape: [], numbers: undefined };
  }
  return someConstant;
}

/** The standard operators have two names for their domain. */
function domainOf(domain = ""): string {
  return domain === "ai.onnx" ? "" : domain;
}
