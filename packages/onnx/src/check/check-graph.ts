/** Checks the wiring of a graph: each value made once, before it is used, with bodies of control-flow nodes seeing what surrounds them. */
import type { OnnxAttribute, OnnxGraph, OnnxNode } from "../model.ts";
import { checkOperator, type OperatorScope } from "./operator-sets.ts";
import type { Report } from "./report.ts";

/** What every graph of a model is checked with. */
export interface GraphCheck {
  readonly report: Report;
  readonly operators: OperatorScope;
  /** Attributes may refer to those of the function around them. */
  readonly isFunction: boolean;
}

/** Names visible in a graph. */
interface Scope {
  readonly outer: Scope | undefined;
  /** Made so far. */
  readonly made: Set<string>;
  /** Made anywhere in the graph. */
  readonly all: ReadonlySet<string>;
}

/** The wiring that graphs and functions share. */
export interface Wiring {
  readonly path: string;
  /** Values there before the first node. */
  readonly given: readonly string[];
  readonly node: readonly OnnxNode[];
  readonly output: readonly string[];
}

/** Checks a graph and the bodies in it. */
export function checkGraph(graph: OnnxGraph, path: string, check: GraphCheck): void {
  checkBody({ graph, path, outer: undefined }, check);
}

interface Body {
  readonly graph: OnnxGraph;
  readonly path: string;
  readonly outer: Scope | undefined;
}

function checkBody({ graph, path, outer }: Body, check: GraphCheck): void {
  const { report } = check;
  const inputs = graph.input.map(({ name }) => name ?? "");
  const constants = [...graph.initializer, ...graph.sparseInitializer.map((sparse) => sparse.values)].map((tensor) => tensor?.name ?? "");
  forRepeated(inputs, (name, index) => report.error("VALUE_REDEFINED", `${path}.input[${index}]`, `The input "${name}" occurs twice`));
  forRepeated(constants, (name) =>
    report.warn("NAME_REPEATED", `${path}.initializer`, `The initializer "${name}" occurs twice; the last counts`),
  );
  const output = graph.output.map(({ name }) => name ?? "");
  checkWiring({ path, given: [...inputs, ...constants], node: graph.node, output }, check, outer);
}

/** Checks nodes in their order and that every output is made. */
export function checkWiring({ path, given, node: nodes, output }: Wiring, check: GraphCheck, outer?: Scope): void {
  const { report } = check;
  const scope: Scope = { outer, made: new Set(given), all: new Set([...given, ...nodes.flatMap((node) => node.output)]) };
  forRepeated(
    nodes.map(({ name }) => name ?? ""),
    (name, index) => report.error("NAME_REPEATED", `${path}.node[${index}].name`, `Two nodes have the name "${name}"`),
  );
  for (const [index, node] of nodes.entries()) checkNode({ node, path: `${path}.node[${index}]`, scope }, check);
  for (const [index, name] of output.entries()) {
    if (!scope.all.has(name))
      report.error("VALUE_UNDEFINED", `${path}.output[${index}]`, `Nothing in this graph makes the output "${name}"`);
  }
}

interface NodePlace {
  readonly node: OnnxNode;
  readonly path: string;
  readonly scope: Scope;
}

function checkNode(place: NodePlace, check: GraphCheck): void {
  const { node, path, scope } = place;
  if (check.report.isFull) return;
  checkOperator(node, { scope: check.operators, path, report: check.report });
  for (const [index, name] of node.input.entries()) checkInput(name, `${path}.input[${index}]`, { scope, report: check.report });
  checkAttributes(place, check);
  for (const [index, name] of node.output.entries()) {
    if (name === "") continue;
    if (isMade(scope, name)) check.report.error("VALUE_REDEFINED", `${path}.output[${index}]`, `The value "${name}" was made before`);
    scope.made.add(name);
  }
}

function checkInput(name: string, path: string, { scope, report }: { readonly scope: Scope; readonly report: Report }): void {
  if (name === "" || isMade(scope, name)) return;
  if (isMadeLater(scope, name))
    report.warn("VALUE_OUT_OF_ORDER", path, `The value "${name}" is used before the node that makes it; the runtime sorts them`);
  else report.error("VALUE_UNDEFINED", path, `Nothing makes the value "${name}"`);
}

function checkAttributes({ node, path, scope }: NodePlace, check: GraphCheck): void {
  const { report } = check;
  const names = node.attribute.map(({ name }) => name ?? "");
  forRepeated(names, (name, index) =>
    report.error("ATTRIBUTE_INVALID", `${path}.attribute[${index}]`, `The attribute "${name}" occurs twice`),
  );
  for (const [index, attribute] of node.attribute.entries()) {
    const place = `${path}.attribute[${index}]`;
    const problem = problemOf(attribute, check.isFunction);
    if (problem !== undefined) report.error("ATTRIBUTE_INVALID", place, problem);
    if (attribute.g) checkBody({ graph: attribute.g, path: `${place}.g`, outer: scope }, check);
    for (const [number, graph] of attribute.graphs.entries()) {
      checkBody({ graph, path: `${place}.graphs[${number}]`, outer: scope }, check);
    }
  }
}

/** Types of attributes whose value is one message, by `AttributeProto.AttributeType`. */
const messageFields: ReadonlyMap<number, "t" | "g" | "sparseTensor" | "tp"> = new Map([
  [4, "t"],
  [5, "g"],
  [11, "sparseTensor"],
  [13, "tp"],
]);

function problemOf(attribute: OnnxAttribute, isFunction: boolean): string | undefined {
  if (!attribute.name) return "The attribute has no name";
  if (attribute.refAttrName)
    return isFunction ? undefined : `The attribute "${attribute.name}" refers to one of a function, and there is none around it`;
  const field = messageFields.get(attribute.type ?? 0);
  return field !== undefined && attribute[field] === undefined ? `The attribute "${attribute.name}" has no value of its type` : undefined;
}

function isMade(scope: Scope | undefined, name: string): boolean {
  return scope !== undefined && (scope.made.has(name) || isMade(scope.outer, name));
}

function isMadeLater(scope: Scope | undefined, name: string): boolean {
  return scope !== undefined && (scope.all.has(name) || isMadeLater(scope.outer, name));
}

/** Calls for each non-empty name that stood in the list before. */
function forRepeated(names: readonly string[], found: (name: string, index: number) => void): void {
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    if (name !== "" && seen.has(name)) found(name, index);
    seen.add(name);
  }
}
