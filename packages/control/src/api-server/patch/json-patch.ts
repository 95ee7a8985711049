/** JSON Patch (RFC 6902) over JSON Pointer (RFC 6901). */
import { isDeepStrictEqual } from "node:util";
import { failure, type PlatformError } from "@modelyard/core";

/** Most operations of one patch, as in a Kubernetes API server. */
const maxOperations = 10_000;

/** The document with every operation applied, in order; it is not changed itself. `INVALID_ARGUMENT` names the operation that cannot be applied. */
export function jsonPatch(document: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) throw refused(0, "a JSON patch is a list of operations");
  if (operations.length > maxOperations) throw refused(maxOperations, `at most ${maxOperations} operations are allowed`);
  return operations.reduce<unknown>(
    (current, operation: unknown, index) => applyOperation(current, operation, index),
    structuredClone(document),
  );
}

function applyOperation(document: unknown, operation: unknown, index: number): unknown {
  if (!isObject(operation)) throw refused(index, "it is no object");
  const path = pointerOf(operation["path"], index);
  switch (operation["op"]) {
    case "add":
      return write(document, { path, index, edit: insertAt, value: operation["value"] });
    case "replace":
      read(document, path, index);
      return write(document, { path, index, edit: replaceAt, value: operation["value"] });
    case "remove":
      read(document, path, index);
      return write(document, { path, index, edit: removeAt, value: undefined });
    case "test":
      if (!isDeepStrictEqual(read(document, path, index), operation["value"])) throw refused(index, "its test does not hold");
      return document;
    case "copy":
    case "move":
      return transfer(document, { operation, path, index });
    default:
      throw refused(index, `the operation ${JSON.stringify(operation["op"])} is not known`);
  }
}

interface Transfer {
  readonly operation: Readonly<Record<string, unknown>>;
  readonly path: readonly string[];
  readonly index: number;
}

function transfer(document: unknown, { operation, path, index }: Transfer): unknown {
  const from = pointerOf(operation["from"], index);
  const value = structuredClone(read(document, from, index));
  if (operation["op"] === "copy") return write(document, { path, index, edit: insertAt, value });
  if (from.length < path.length && from.every((step, at) => path[at] === step)) throw refused(index, "a value cannot be moved into itself");
  const without = write(document, { path: from, index, edit: removeAt, value: undefined });
  return write(without, { path, index, edit: insertAt, value });
}

type Edit = (parent: unknown, step: string, value: unknown) => boolean;

interface Write {
  readonly path: readonly string[];
  readonly index: number;
  readonly edit: Edit;
  readonly value: unknown;
}

function write(document: unknown, { path, index, edit, value }: Write): unknown {
  const last = path.at(-1);
  if (last === undefined) return value;
  const parent = read(document, path.slice(0, -1), index);
  if (!edit(parent, last, structuredClone(value))) throw refused(index, `there is no place /${path.join("/")}`);
  return document;
}

const insertAt: Edit = (parent, step, value) => {
  if (!Array.isArray(parent)) return setMember(parent, step, value);
  const at = step === "-" ? parent.length : arrayIndex(step);
  if (at === undefined || at > parent.length) return false;
  parent.splice(at, 0, value);
  return true;
};

const replaceAt: Edit = (parent, step, value) => {
  if (!Array.isArray(parent)) return setMember(parent, step, value);
  const at = arrayIndex(step);
  if (at === undefined || at >= parent.length) return false;
  parent[at] = value;
  return true;
};

const removeAt: Edit = (parent, step) => {
  if (!Array.isArray(parent)) return isObject(parent) && Reflect.deleteProperty(parent, step);
  const at = arrayIndex(step);
  return at !== undefined && parent.splice(at, 1).length === 1;
};

function setMember(parent: unknown, name: string, value: unknown): boolean {
  if (!isObject(parent)) return false;
  return Reflect.defineProperty(parent, name, { value, enumerable: true, configurable: true, writable: true });
}

function read(document: unknown, path: readonly string[], index: number): unknown {
  let value = document;
  for (const step of path) {
    const next = memberOf(value, step);
    if (!next.found) throw refused(index, `there is nothing at /${path.join("/")}`);
    value = next.value;
  }
  return value;
}

function memberOf(value: unknown, step: string): { readonly found: boolean; readonly value?: unknown } {
  if (Array.isArray(value)) {
    const at = arrayIndex(step);
    return at !== undefined && at < value.length ? { found: true, value: value[at] } : { found: false };
  }
  return isObject(value) && Object.hasOwn(value, step) ? { found: true, value: value[step] } : { found: false };
}

function arrayIndex(step: string): number | undefined {
  return /^(0|[1-9]\d{0,8})$/.test(step) ? Number(step) : undefined;
}

function pointerOf(pointer: unknown, index: number): readonly string[] {
  if (pointer === "") return [];
  if (typeof pointer !== "string" || !pointer.startsWith("/")) throw refused(index, `${JSON.stringify(pointer)} is no JSON pointer`);
  return pointer
    .slice(1)
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function refused(index: number, why: string): PlatformError {
  return failure("INVALID_ARGUMENT", { what: `The JSON patch was refused at operation ${index}: ${why}` });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
