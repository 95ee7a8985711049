/** Which operators ONNX Runtime 1.30 knows, by domain. Found by loading one-node models; newer releases only add. */
import { canonicalDomain } from "../edit/edit-graph.ts";
import type { OnnxFunction, OnnxNode, OnnxOpset } from "../model.ts";
import type { Report } from "./report.ts";

/** Newest file format it reads. */
export const maxIrVersion = 13n;

/** Newest version of each domain; "" is the standard one. */
const newestVersions: ReadonlyMap<string, bigint> = new Map([
  ["", 26n],
  ["ai.onnx.ml", 5n],
  ["ai.onnx.training", 1n],
  ["ai.onnx.preview.training", 1n],
]);

/** Domains whose operators the runtime brings itself. */
const runtimeDomains: ReadonlySet<string> = new Set([
  "com.microsoft",
  "com.microsoft.nchwc",
  "com.microsoft.experimental",
  "com.ms.internal.nhwc",
]);

/** Oldest standard version the runtime promises to support. */
const oldestPromised = 7n;

/** Checks the versions that a model or function imports. */
export function checkOpsets(imports: readonly OnnxOpset[], path: string, report: Report): void {
  for (const [index, { domain: written, version = 0n }] of imports.entries()) {
    const domain = canonicalDomain(written);
    const newest = newestVersions.get(domain);
    const place = `${path}[${index}]`;
    if (newest === undefined) continue;
    const name = domain === "" ? "the standard operators" : domain;
    if (version < 1n) report.error("OPSET_UNKNOWN", place, `Version ${version} of ${name} does not exist`);
    else if (version > newest)
      report.error("OPSET_TOO_NEW", place, `Version ${version} of ${name} is imported; the runtime knows ${newest} at most`);
    else if (domain === "" && version < oldestPromised) {
      report.warn("OPSET_OLD", place, `Version ${version} of ${name} is imported; the runtime promises support from ${oldestPromised} on`);
    }
  }
}

/** What a node's operator is looked up in. Sets: a hostile file has as many functions as nodes. */
export interface OperatorScope {
  /** Domains imported, "" for the standard one. */
  readonly domains: ReadonlySet<string>;
  /** Functions of the model, by {@link operatorKey}. */
  readonly functions: ReadonlySet<string>;
}

/** The scope of a graph or function. */
export function operatorScope(imports: readonly OnnxOpset[], functions: readonly OnnxFunction[]): OperatorScope {
  return {
    domains: new Set(imports.map(({ domain }) => canonicalDomain(domain))),
    functions: new Set(functions.map(({ domain, name }) => operatorKey(domain, name))),
  };
}

function operatorKey(domain: string | undefined, name: string | undefined): string {
  return JSON.stringify([canonicalDomain(domain), name ?? ""]);
}

/** Checks that the operator of a node can exist: in a domain of the runtime, or as a function of the model. */
export function checkOperator(node: OnnxNode, { scope, path, report }: OperatorCheck): void {
  const domain = canonicalDomain(node.domain);
  if (!node.opType) {
    report.error("NAME_MISSING", `${path}.opType`, "The node names no operator");
    return;
  }
  if (scope.functions.has(operatorKey(domain, node.opType))) return;
  const what = `The operator "${node.opType}"`;
  if (!newestVersions.has(domain) && !runtimeDomains.has(domain)) {
    report.error("OPERATOR_UNKNOWN", path, `${what} of the domain "${domain}" is neither known to the runtime nor a function of the model`);
  } else if (newestVersions.has(domain) && !scope.domains.has(domain)) {
    report.warn("OPSET_MISSING", path, `${what} belongs to ${domain || "the standard operators"}, which the model does not import`);
  }
}

/** What a node is checked with. */
export interface OperatorCheck {
  readonly scope: OperatorScope;
  readonly path: string;
  readonly report: Report;
}
