/**
 * Records as bytes: JSON, parsed once at this border. Fields this version does not know are kept, so that a rolling upgrade loses nothing;
 * a record whose known fields have the wrong type is refused whole.
 */
import type { CopyRecord, FailureRecord, InstanceRecord, ModelRecord, VModelRecord } from "./records.ts";

type Fields = Readonly<Record<string, unknown>>;

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

/** Bytes of any record. */
export function encodeRecord(record: ModelRecord | VModelRecord | InstanceRecord): Uint8Array {
  return encoder.encode(JSON.stringify(record));
}

/** A model record, or undefined when the bytes are none. */
export function decodeModelRecord(bytes: Uint8Array): ModelRecord | undefined {
  const fields = parseFields(bytes);
  if (!fields || !hasStrings(fields, ["type", "artifactDigest", "runtime"]) || !hasNumbers(fields, ["revision"])) return undefined;
  const parameters = fields["parameters"] ?? {};
  const copies = fields["copies"] ?? {};
  const failures = fields["failures"] ?? {};
  const crashes = fields["crashes"] ?? [];
  if (!isMapOf(parameters, isString) || !isMapOf(copies, isCopy) || !isMapOf(failures, isFailure) || !isListOfCrashes(crashes))
    return undefined;
  const { references = 0, autoDelete = false, lastUsedMs = 0 } = fields;
  if (typeof references !== "number" || typeof autoDelete !== "boolean" || typeof lastUsedMs !== "number") return undefined;
  // The checks above cover every field that the type requires.
  return { ...fields, parameters, copies, failures, crashes, references, autoDelete, lastUsedMs } as unknown as ModelRecord;
}

/** A vmodel record, or undefined when the bytes are none. */
export function decodeVModelRecord(bytes: Uint8Array): VModelRecord | undefined {
  const fields = parseFields(bytes);
  if (!fields || !hasStrings(fields, ["owner", "activeModelId", "targetModelId"])) return undefined;
  if (!hasNumbers(fields, ["activeRevision", "targetRevision"])) return undefined;
  const { modelName, failed = false } = fields;
  if (typeof failed !== "boolean" || (modelName !== undefined && typeof modelName !== "string")) return undefined;
  // The checks above cover every field that the type requires.
  return { ...fields, failed } as unknown as VModelRecord;
}

/** An instance record, or undefined when the bytes are none. */
export function decodeInstanceRecord(bytes: Uint8Array): InstanceRecord | undefined {
  const fields = parseFields(bytes);
  if (!fields || !hasStrings(fields, ["version"])) return undefined;
  const numbers = ["startedAtMs", "pid", "capacityBytes", "usedBytes", "modelCount", "loadingCount", "loads", "evictions"];
  if (!hasNumbers(fields, numbers) || typeof fields["shuttingDown"] !== "boolean") return undefined;
  // The checks above cover every field that the type requires.
  return fields as unknown as InstanceRecord;
}

function parseFields(bytes: Uint8Array): Fields | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    return isFields(value) ? value : undefined;
  } catch {
    // Neither UTF-8 nor JSON: the same as a record of another shape, which the caller reports with its key.
    return undefined;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function hasStrings(fields: Fields, names: readonly string[]): boolean {
  return names.every((name) => isString(fields[name]));
}

function hasNumbers(fields: Fields, names: readonly string[]): boolean {
  return names.every((name) => Number.isFinite(fields[name]));
}

function isMapOf<T>(value: unknown, isValue: (one: unknown) => one is T): value is Readonly<Record<string, T>> {
  return isFields(value) && Object.values(value).every(isValue);
}

function isCopy(value: unknown): value is CopyRecord {
  return isFields(value) && (value["state"] === "loading" || value["state"] === "loaded") && hasNumbers(value, ["startedAtMs"]);
}

function isFailure(value: unknown): value is FailureRecord {
  return isFields(value) && hasNumbers(value, ["atMs"]) && isFields(value["error"]) && hasStrings(value["error"], ["reason", "message"]);
}

function isListOfCrashes(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => isFields(one) && hasNumbers(one, ["atMs"]) && hasStrings(one, ["kind"]));
}
