/** What the product knows of a kind: how REST paths name it, its schema, and the columns of its table. */
import { z } from "zod";
import { type FieldProblem, type FieldProblemReason, fieldPath, invalidObject } from "./field-problem.ts";
import type { metadataSchema } from "./metadata.ts";
import { unknownFields } from "./unknown-fields.ts";

/** A column of a table of objects, as `additionalPrinterColumns` of a CustomResourceDefinition. */
export interface PrintColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "boolean" | "date";
  /** Path of the value: names joined by `.`, and `[?type=X]` for the condition of that type. */
  readonly path: string;
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority: 0 | 1;
}

/** What objects of every kind have. */
export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: DeepReadonly<z.infer<ReturnType<typeof metadataSchema>>>;
  readonly [field: string]: unknown;
}

/** A kind. `T` is the type of its objects. */
export interface KindDefinition<T = ApiObject> {
  /** "" for core. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  /** Whether `status` is written apart from the rest, at the path `…/status`. */
  readonly hasStatus: boolean;
  readonly columns: readonly PrintColumn[];
  /** Checks and types an object; throws `RESOURCE_INVALID` naming each field. Members that are null count as absent, unknown ones are kept. */
  readonly parse: (value: unknown) => T;
  /** Paths of fields the kind does not name, 50 at most. */
  readonly unknownFields: (value: unknown) => readonly string[];
  /** The schema as OpenAPI 3.0 writes it. */
  readonly openApiSchema: () => Readonly<Record<string, unknown>>;
}

/** Makes every member of a type read-only, at any depth. */
export type DeepReadonly<T> = T extends readonly (infer Element)[]
  ? readonly DeepReadonly<Element>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** What {@link defineKind} needs beside the schema. */
export type KindNames = Omit<KindDefinition, "parse" | "unknownFields" | "openApiSchema">;

/** Makes a kind of its names and schema. */
export function defineKind<Schema extends z.ZodType>(names: KindNames, schema: Schema): KindDefinition<DeepReadonly<z.infer<Schema>>> {
  return {
    ...names,
    parse(value) {
      const result = schema.safeParse(withoutNulls(value));
      // The same value, typed deeply read-only.
      if (result.success) return result.data as DeepReadonly<z.infer<Schema>>;
      throw invalidObject({ kind: names.kind, name: nameOf(value) }, problemsOf(result.error.issues));
    },
    unknownFields: (value) => unknownFields(schema, withoutNulls(value)),
    openApiSchema: () => ({ ...z.toJSONSchema(schema, { target: "openapi-3.0", unrepresentable: "any", io: "input" }) }),
  };
}

function nameOf(value: unknown): string {
  const metadata = isObject(value) ? value["metadata"] : undefined;
  const name = isObject(metadata) ? metadata["name"] : undefined;
  return typeof name === "string" ? name : "";
}

/** Kubernetes drops members that are null when it decodes an object (`creationTimestamp: null` is in many manifests). */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(kept.map(([key, member]) => [key, withoutNulls(member)]));
}

function problemsOf(issues: readonly z.core.$ZodIssue[]): readonly FieldProblem[] {
  return issues.map((issue) => ({ field: fieldPath(issue.path), ...describeIssue(issue) }));
}

function describeIssue(issue: z.core.$ZodIssue): { readonly reason: FieldProblemReason; readonly message: string } {
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined"))
    return { reason: "FieldValueRequired", message: "Required value" };
  if (issue.code === "invalid_type")
    return { reason: "FieldValueTypeInvalid", message: `Invalid type: ${issue.message.replace("Invalid input: ", "")}` };
  if (issue.code === "invalid_value") {
    return {
      reason: "FieldValueNotSupported",
      message: `Unsupported value: supported values are ${issue.values.map((one) => `"${String(one)}"`).join(", ")}`,
    };
  }
  if (issue.code === "too_big" && issue.origin === "string") return { reason: "FieldValueTooLong", message: `Too long: ${issue.message}` };
  const params: Readonly<Record<string, unknown>> = issue.code === "custom" ? (issue.params ?? {}) : {};
  if (params["reason"] === "required") return { reason: "FieldValueRequired", message: `Required value: ${issue.message}` };
  if (params["reason"] === "forbidden") return { reason: "FieldValueForbidden", message: `Forbidden: ${issue.message}` };
  return { reason: "FieldValueInvalid", message: `Invalid value: ${issue.message}` };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
