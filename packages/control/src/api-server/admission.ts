/** What is checked of a request's object before the store's own rules: that it is where its path says, and that its fields are known. */
import { apiVersionOf, invalidObject, type KindDefinition } from "@modelyard/api";
import { failure } from "@modelyard/core";
import { type KubernetesObject, namespaceOf } from "@modelyard/resources";

/** Where a request's path says the object is. */
export interface RequestPlace {
  readonly namespace?: string | undefined;
  /** Absent on create. */
  readonly name?: string | undefined;
}

/** What to do about fields a kind does not know (`fieldValidation`): say nothing, warn, or refuse. Kubernetes' default is to warn. */
export type FieldValidation = "Ignore" | "Warn" | "Strict";

/** An object that may be written, and what the client should be told. */
export interface Admitted {
  readonly object: KubernetesObject;
  readonly warnings: readonly string[];
}

/** Takes a request's body as an object of the kind at the place; what only the store can know is checked there. */
export function admit(
  kind: KindDefinition,
  body: unknown,
  context: { readonly place: RequestPlace; readonly validation: FieldValidation },
): Admitted {
  const { place, validation } = context;
  const given = placedObject(kind, body, place);
  const unknown = validation === "Ignore" ? [] : kind.unknownFields(given).map((field) => `unknown field "${field}"`);
  if (validation === "Strict" && unknown.length > 0) {
    throw failure("INVALID_ARGUMENT", { what: `The object was refused: strict decoding error: ${unknown.join(", ")}` });
  }
  return { object: given, warnings: unknown };
}

/** The value of the query parameter `fieldValidation`. */
export function fieldValidationOf(value: string | undefined): FieldValidation {
  if (value === undefined || value === "") return "Warn";
  if (value === "Ignore" || value === "Warn" || value === "Strict") return value;
  throw failure("INVALID_ARGUMENT", { what: `The query parameter fieldValidation is "${value}" where Ignore, Warn or Strict is wanted` });
}

function placedObject(kind: KindDefinition, body: unknown, place: RequestPlace): KubernetesObject {
  if (!isObject(body)) throw failure("INVALID_ARGUMENT", { what: "The request's body is not an object" });
  const metadata = isObject(body["metadata"]) ? body["metadata"] : {};
  checkType(kind, body);
  const namespace = namespaceOf(kind, place.namespace === undefined ? {} : { namespace: place.namespace });
  checkSame("namespace", metadata["namespace"], namespace);
  if (place.name !== undefined) checkSame("name", metadata["name"], place.name);
  const name = place.name ?? metadata["name"];
  if ((name === undefined || name === "") && typeof metadata["generateName"] !== "string") {
    const problem = {
      field: "metadata.name",
      reason: "FieldValueRequired",
      message: "Required value: name or generateName is required",
    } as const;
    throw invalidObject({ kind: kind.kind, name: "" }, [problem]);
  }
  const placed = { ...metadata, ...(name === undefined ? {} : { name }), ...(namespace === undefined ? {} : { namespace }) };
  // Its fields are checked by `parse` of the kind, after the server's own are filled in.
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, ...body, metadata: placed } as unknown as KubernetesObject;
}

function checkType(kind: KindDefinition, body: Readonly<Record<string, unknown>>): void {
  const { apiVersion = apiVersionOf(kind), kind: kindName = kind.kind } = body;
  if (apiVersion === apiVersionOf(kind) && kindName === kind.kind) return;
  const wanted = `${kind.kind} of ${apiVersionOf(kind)}`;
  throw failure("INVALID_ARGUMENT", { what: `The object is a ${String(kindName)} of ${String(apiVersion)} where a ${wanted} is wanted` });
}

function checkSame(field: string, given: unknown, wanted: string | undefined): void {
  if (given === undefined || given === "" || given === wanted) return;
  const place = wanted === undefined ? "none" : `"${wanted}"`;
  throw failure("INVALID_ARGUMENT", { what: `The object's ${field} is ${JSON.stringify(given)} where the request's path has ${place}` });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
