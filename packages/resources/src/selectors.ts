/** Label and field selectors in Kubernetes' syntax (kubernetes.io/docs/concepts/overview/working-with-objects: labels, field selectors). */
import { isLabelValue, isQualifiedName } from "@modelyard/api";
import { failure } from "@modelyard/core";
import type { KubernetesObject, ListOptions } from "./contract.ts";

/** Whether an object is meant. */
export type Predicate = (object: KubernetesObject) => boolean;

/** What both selectors of list options say together; `name` is set when only one object can match. */
export interface Selection {
  readonly matches: Predicate;
  readonly name?: string;
}

/** Longest selector. */
const maxSelectorChars = 16 * 1024;

/** Reads the selectors; `INVALID_ARGUMENT` quotes what is not understood. */
export function parseSelection(options: Pick<ListOptions, "labelSelector" | "fieldSelector">): Selection {
  const label = parseLabelSelector(options.labelSelector ?? "");
  const fields = parseFieldSelector(options.fieldSelector ?? "");
  const name = fields.find((one) => one.path === "metadata.name" && one.isEqual)?.value;
  const matches: Predicate = (object) =>
    label(object) && fields.every((one) => (fieldValue(object, one.path) === one.value) === one.isEqual);
  return name === undefined ? { matches } : { matches, name };
}

/** Reads `a=b,c!=d,e in (f,g),h notin (i),j,!k`. */
export function parseLabelSelector(selector: string): Predicate {
  const requirements = splitRequirements(bounded(selector)).map(labelRequirement);
  return (object) => requirements.every((requirement) => requirement(object.metadata.labels ?? {}));
}

type LabelRequirement = (labels: Readonly<Record<string, string>>) => boolean;

function labelRequirement(text: string): LabelRequirement {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(text);
  if (set) {
    const [, key = "", operator, list = ""] = set;
    const values = new Set(list.split(",").map((value) => checkedValue(value.trim(), text)));
    checkKey(key, text);
    return operator === "in" ? (labels) => values.has(labels[key] ?? "\0") : (labels) => !values.has(labels[key] ?? "\0");
  }
  const equality = /^([^\s!=]+)\s*(==|=|!=)\s*(\S*)$/.exec(text);
  if (equality) {
    const [, key = "", operator, value = ""] = equality;
    checkKey(key, text);
    checkedValue(value, text);
    return operator === "!=" ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  const isAbsent = text.startsWith("!");
  const key = isAbsent ? text.slice(1).trim() : text;
  checkKey(key, text);
  return (labels) => Object.hasOwn(labels, key) !== isAbsent;
}

function checkKey(key: string, requirement: string): void {
  if (!isQualifiedName(key)) throw notUnderstood("label", requirement);
}

function checkedValue(value: string, requirement: string): string {
  if (!isLabelValue(value)) throw notUnderstood("label", requirement);
  return value;
}

interface FieldRequirement {
  readonly path: string;
  readonly value: string;
  readonly isEqual: boolean;
}

const fieldPaths =
  /^(metadata\.(name|namespace)|involvedObject\.(kind|name|namespace|uid|apiVersion|fieldPath|resourceVersion)|reason|type|reportingComponent|source|status\.phase)$/;

function parseFieldSelector(selector: string): readonly FieldRequirement[] {
  return splitRequirements(bounded(selector)).map((text) => {
    const [, path = "", operator, value = ""] = /^([\w.]+)(==|=|!=)(.*)$/.exec(text) ?? [];
    if (!fieldPaths.test(path)) throw notUnderstood("field", text);
    return { path, value, isEqual: operator !== "!=" };
  });
}

function fieldValue(object: KubernetesObject, path: string): string {
  let value: unknown = object;
  for (const step of path.split(".")) {
    // Only members of objects are walked; anything else has none.
    value = typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[step] : undefined;
  }
  return typeof value === "string" ? value : "";
}

/** Splits at commas outside parentheses. */
function splitRequirements(selector: string): readonly string[] {
  return selector
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function bounded(selector: string): string {
  if (selector.length > maxSelectorChars) throw notUnderstood("label or field", `${selector.slice(0, 80)}…`);
  return selector;
}

function notUnderstood(what: string, text: string): Error {
  return failure("INVALID_ARGUMENT", { what: `The ${what} selector "${text}" is not understood` });
}
