/** Finds fields a schema does not name. They are kept; the API server reports them, because a misspelt field is otherwise silently without effect. */
import { z } from "zod";
import { fieldPath } from "./field-problem.ts";

/** Most fields one report names. */
const maxReported = 50;

/** Paths of fields that `schema` does not name, in document order, 50 at most. Below an opaque field (`unknown`) nothing is unknown. */
export function unknownFields(schema: z.ZodType, value: unknown): readonly string[] {
  const found: string[] = [];
  visit({ schema, value, path: [] }, found);
  return found.slice(0, maxReported);
}

interface Place {
  readonly schema: unknown;
  readonly value: unknown;
  readonly path: readonly PropertyKey[];
}

function visit({ schema, value, path }: Place, found: string[]): void {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodExactOptional) visit({ schema: schema.unwrap(), value, path }, found);
  else if (schema instanceof z.ZodArray && Array.isArray(value)) {
    for (const [index, element] of value.entries()) visit({ schema: schema.element, value: element, path: [...path, index] }, found);
  } else if (schema instanceof z.ZodRecord && isObject(value)) {
    for (const [key, member] of Object.entries(value)) visit({ schema: schema.valueType, value: member, path: [...path, key] }, found);
  } else if (schema instanceof z.ZodObject && isObject(value)) visitObject(schema, { schema, value, path }, found);
}

function visitObject(schema: z.ZodObject, place: Place, found: string[]): void {
  const shape: Readonly<Record<string, unknown>> = schema.shape;
  for (const [key, member] of Object.entries(isObject(place.value) ? place.value : {})) {
    const path = [...place.path, key];
    if (Object.hasOwn(shape, key)) visit({ schema: shape[key], value: member, path }, found);
    else found.push(fieldPath(path));
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
