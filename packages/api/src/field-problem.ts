/** What is wrong with one field of an object, and the one error that carries all of them. */
import { failure, PlatformError } from "@modelyard/core";

/** Cause words of a Kubernetes `Status` (apimachinery `CauseType`). */
export type FieldProblemReason =
  | "FieldValueRequired"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueForbidden"
  | "FieldValueTooLong"
  | "FieldValueTypeInvalid";

/** One problem at one field path, written as Kubernetes writes them: `spec.predictor.canary[0].name`. */
export interface FieldProblem {
  readonly field: string;
  readonly reason: FieldProblemReason;
  readonly message: string;
}

/** Which object is meant, for the message. */
export interface ProblemSubject {
  readonly kind: string;
  readonly name: string;
}

/** Most problems one error names; the rest is counted. */
const maxNamedProblems = 50;

/** Builds `RESOURCE_INVALID` for every problem at once; {@link fieldProblemsOf} reads them back. */
export function invalidObject(subject: ProblemSubject, problems: readonly FieldProblem[]): PlatformError {
  const named = problems.slice(0, maxNamedProblems);
  const rest = problems.length - named.length;
  const text = named.map(({ field, message }) => (field === "" ? message : `${field}: ${message}`)).join("; ");
  const details = {
    kind: subject.kind,
    name: subject.name,
    problems: rest > 0 ? `${text}; and ${rest} more` : text,
    fields: JSON.stringify(named),
  };
  return failure("RESOURCE_INVALID", details);
}

/** The problems an error of {@link invalidObject} carries; none for other errors. */
export function fieldProblemsOf(error: unknown): readonly FieldProblem[] {
  if (!PlatformError.is(error) || error.reason !== "RESOURCE_INVALID") return [];
  const fields = error.details["fields"];
  // Only `invalidObject` writes this detail.
  return typeof fields === "string" ? (JSON.parse(fields) as FieldProblem[]) : [];
}

/** A field path as Kubernetes writes it; keys that are no identifiers are bracketed: `metadata.annotations[a.b/c]`. */
export function fieldPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[A-Za-z_$][\w$-]*$/.test(String(step))) text += text === "" ? String(step) : `.${String(step)}`;
    else text += `[${String(step)}]`;
  }
  return text;
}
