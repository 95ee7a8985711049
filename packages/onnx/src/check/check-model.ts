/**
 * Checks a model as far as that is possible without running it: structure, versions, constant tensors, references to other files. What the
 * runtime accepts though the specification forbids it is a warning.
 */
import { canonicalDomain } from "../edit/edit-graph.ts";
import { elementTypeOf } from "../element-type.ts";
import type { Finding } from "../finding.ts";
import type { OnnxFunction, OnnxGraph, OnnxModel, OnnxValueInfo } from "../model.ts";
import { tensorsOf } from "../walk/tensors-of.ts";
import { checkGraph, checkWiring } from "./check-graph.ts";
import { checkTensor, type ExternalFiles, maxTensorBytes } from "./check-tensor.ts";
import { checkOpsets, maxIrVersion, operatorScope } from "./operator-sets.ts";
import { Report } from "./report.ts";

/** Options of {@link checkModel}. */
export interface CheckOptions {
  /** Files beside the model with their sizes; given, external data must be there and long enough. Default: only the paths are judged. */
  readonly externalFiles?: ExternalFiles;
}

/** Lists what is wrong with a model, errors and warnings in the order of the file, at most 100; types of inputs and outputs are for `graphSignature`. */
export function checkModel(model: OnnxModel, { externalFiles }: CheckOptions = {}): readonly Finding[] {
  const report = new Report();
  checkHead(model, report);
  const operators = operatorScope(model.opsetImport, model.functions);
  if (model.graph === undefined) report.error("GRAPH_MISSING", "graph", "The model has no graph");
  else {
    checkGraph(model.graph, "graph", { report, operators, isFunction: false });
    checkDeclaredSizes(model.graph, report);
  }
  checkFunctions(model, operators.functions, report);
  for (const place of tensorsOf(model)) checkTensor(place, { report, externalFiles });
  return report.findings;
}

function checkHead(model: OnnxModel, report: Report): void {
  const { irVersion = 0n, opsetImport } = model;
  if (irVersion > maxIrVersion) {
    report.error(
      "IR_VERSION_UNSUPPORTED",
      "irVersion",
      `The file has the format version ${irVersion}; the runtime reads ${maxIrVersion} at most`,
    );
  } else if (irVersion < 1n) report.warn("IR_VERSION_UNSUPPORTED", "irVersion", "The file names no format version");
  // Files before format 3 could leave the imports out.
  if (opsetImport.length === 0 && irVersion >= 3n) report.error("OPSET_MISSING", "opsetImport", "The model imports no operators");
  checkOpsets(opsetImport, "opsetImport", report);
}

function checkFunctions({ functions }: OnnxModel, known: ReadonlySet<string>, report: Report): void {
  const seen = new Set<string>();
  for (const [index, one] of functions.entries()) {
    if (report.isFull) return;
    const path = `functions[${index}]`;
    if (!one.name) report.error("NAME_MISSING", path, "The function has no name");
    if (seen.has(keyOf(one))) report.error("NAME_REPEATED", path, `The function "${one.name ?? ""}" is defined twice`);
    seen.add(keyOf(one));
    checkOpsets(one.opsetImport, `${path}.opsetImport`, report);
    const operators = { ...operatorScope(one.opsetImport, []), functions: known };
    checkWiring({ path, given: one.input, node: one.node, output: one.output }, { report, operators, isFunction: true });
  }
}

function keyOf({ domain, name, overload }: OnnxFunction): string {
  return JSON.stringify([canonicalDomain(domain), name ?? "", overload ?? ""]);
}

function checkDeclaredSizes(graph: OnnxGraph, report: Report): void {
  const check = (list: readonly OnnxValueInfo[], path: string): void => {
    for (const [index, value] of list.entries()) checkDeclaredSize(value, `${path}[${index}]`, report);
  };
  check(graph.input, "graph.input");
  check(graph.output, "graph.output");
}

function checkDeclaredSize(value: OnnxValueInfo, path: string, report: Report): void {
  const tensor = value.type?.tensorType;
  const bits = BigInt(elementTypeOf(tensor?.elemType)?.bits ?? 0);
  // Sizes that vary count as one.
  const count = (tensor?.shape?.dim ?? []).reduce((product, { dimValue = 1n }) => product * (dimValue < 0n ? 1n : dimValue), 1n);
  const sizeBytes = (count * bits) / 8n;
  if (sizeBytes <= maxTensorBytes) return;
  report.error("TENSOR_TOO_LARGE", path, `"${value.name ?? ""}" takes ${sizeBytes} bytes; at most ${maxTensorBytes} are accepted`);
}
