/** What a check of a model found: values that a caller lists, never throws. */

/** Stable names of what can be found; `docs` and callers may rely on them. */
export type FindingKind =
  | "GRAPH_MISSING"
  | "NAME_MISSING"
  | "NAME_REPEATED"
  | "VALUE_UNDEFINED"
  | "VALUE_REDEFINED"
  | "VALUE_OUT_OF_ORDER"
  | "OPSET_MISSING"
  | "OPSET_UNKNOWN"
  | "OPSET_TOO_NEW"
  | "OPSET_OLD"
  | "OPERATOR_UNKNOWN"
  | "IR_VERSION_UNSUPPORTED"
  | "ATTRIBUTE_INVALID"
  | "TENSOR_INVALID"
  | "TENSOR_SIZE_MISMATCH"
  | "TENSOR_TOO_LARGE"
  | "EXTERNAL_DATA_UNSAFE"
  | "EXTERNAL_DATA_MISSING"
  | "TYPE_MISSING"
  | "TYPE_UNSUPPORTED";

/** One thing wrong, or worth knowing, about a model. */
export interface Finding {
  readonly kind: FindingKind;
  /** `error`: the model cannot be served. `warning`: it can, but the reader should know. */
  readonly severity: "error" | "warning";
  /** Where, for example `graph.node[3].input[0]`. */
  readonly path: string;
  /** What is there and what was expected, in one sentence without a final period. */
  readonly message: string;
}

/** Whether a list holds a finding that keeps the model from being served. */
export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity === "error");
}
