/**
 * Names of objects for names of models. Clients name models with any visible characters (`simple_string`, `Résumé/v2`); objects have DNS-1123 names.
 * A model name that is an object name stays as it is; any other gets a readable prefix and a hash of the whole name, so that the same
 * model name always gives the same object name and two model names never share one.
 */
import { createHash } from "node:crypto";
import { assert } from "@modelyard/core";
import { isDnsSubdomain } from "./names.ts";

/** Annotation that holds the name clients use when it is no object name. */
export const modelNameAnnotation = "modelyard.dev/model-name";

/** Annotation whose change makes the source be fetched again. */
export const refetchAnnotation = "modelyard.dev/refetch";

/** Most characters (Unicode code points) of a model name. */
export const maxModelNameLength = 255;

/** Longest readable part; with the hash the name stays a DNS label. */
const maxPrefixLength = 48;
const hashLength = 10;

/** Whether a text is a model name: 1 to 255 visible characters, that is no white space, control or unassigned characters. */
export function isModelName(text: string): boolean {
  const { length } = Array.from(text);
  return length >= 1 && length <= maxModelNameLength && text.isWellFormed() && !/[\p{Z}\p{C}]/u.test(text);
}

/** The object name for a model name. */
export function objectNameFor(modelName: string): string {
  assert(isModelName(modelName), "objectNameFor() is given a model name");
  // A name as long as a subdomain may be would not fit into keys derived from it; the hash keeps it unique.
  if (isDnsSubdomain(modelName) && modelName.length <= maxPrefixLength + hashLength + 1) return modelName;
  const prefix = modelName
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, maxPrefixLength)
    .replaceAll(/^-+|-+$/g, "");
  const hash = createHash("sha256").update(modelName).digest("hex").slice(0, hashLength);
  return prefix === "" ? `model-${hash}` : `${prefix}-${hash}`;
}
