/** Reads the value of a table column out of an object. */
import type { PrintColumn } from "./kind-definition.ts";

/** Text or number of a column's cell; null when the object has no such value. Values of a list (`[*]`) are joined by commas. */
export function cellOf(column: PrintColumn, object: unknown): string | number | boolean | null {
  const values = column.path
    .split(/\.(?![^[]*\])/)
    .reduce<readonly unknown[]>((found, step) => found.flatMap((one) => take(one, step)), [object]);
  const scalars = values.filter(isScalar);
  if (scalars.length > 1) return scalars.join(",");
  return scalars[0] ?? null;
}

function take(value: unknown, step: string): readonly unknown[] {
  const [, name = "", selector] = /^([^[]+)(?:\[(.+)\])?$/.exec(step) ?? [];
  const member = memberOf(value, name);
  if (member === undefined) return [];
  if (selector === undefined) return [member];
  if (!Array.isArray(member)) return [];
  const elements: readonly unknown[] = member;
  const [, key = "", wanted] = /^\?(\w+)=(.+)$/.exec(selector) ?? [];
  return wanted === undefined ? elements : elements.filter((element) => memberOf(element, key) === wanted);
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  // An object that has the member.
  return (value as Readonly<Record<string, unknown>>)[name];
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
