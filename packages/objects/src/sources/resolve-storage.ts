/**
 * What `spec.predictor.model.storage` means, as the puller of ModelMesh reads it: a key of the `storage-config` secret (`storage_key`, else `default_<type>`, else
 * `default`) whose JSON is merged with `storage.parameters`.
 *
 * Invariant: secrets of a key go to the server that the key names, or nowhere. A parameter that names another server is refused, unless it brings credentials
 * of its own; and credentials of the environment never go to a server that a parameter names.
 */
import { failure } from "@modelyard/core";
import type { ArtifactSource } from "../contract.ts";
import { type StorageFields, type StorageKind, storageKinds, storageRefused } from "./storage-kinds.ts";

/** What is asked for. */
export interface StorageRequest {
  /** Entries of the `storage-config` secret: key to JSON. */
  readonly entries: ReadonlyMap<string, string>;
  /** `storage.key`; default `default_<type>`, else `default`. */
  readonly key?: string;
  /** `storage.path`. */
  readonly path?: string;
  /** `storage.parameters`. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/**
 * The source of a storage specification.
 *
 * @throws `STORAGE_MISSING` without a type, `STORAGE_REFUSED` for an unknown key, an entry that is not JSON, a field that is missing or a parameter that would
 * send secrets elsewhere.
 */
export function resolveStorage(request: StorageRequest): ArtifactSource {
  const { parameters = {}, path = "" } = request;
  const entry = entryOf(request);
  const type = parameters["type"] ?? entry?.fields["type"];
  if (type === undefined || type === "") throw failure("STORAGE_MISSING", {});
  const kind = storageKinds[type];
  if (!kind) throw storageRefused(`the type "${type}" is not among ${Object.keys(storageKinds).join(", ")}`);
  if (entry && entry.fields["type"] !== type && entry.fields["type"] !== undefined)
    throw storageRefused(`the key "${entry.key}" is of the type "${entry.fields["type"]}" and the parameters say "${type}"`);
  const merged = mergeSafely(kind, { entry, parameters });
  return kind.read({
    fields: merged,
    path,
    isOwnServer: kind.servers.some((name) => parameters[name] !== undefined && parameters[name] !== entry?.fields[name]),
  });
}

/** An entry of the secret. */
export interface StorageEntry {
  readonly key: string;
  readonly fields: StorageFields;
}

/** The entry of a key; undefined when there is none. */
export function storageEntry(entries: StorageRequest["entries"], key: string): StorageEntry | undefined {
  const text = entries.get(key);
  return text === undefined ? undefined : { key, fields: parseEntry(key, text) };
}

function entryOf({ entries, key, parameters = {} }: StorageRequest): StorageEntry | undefined {
  if (key !== undefined && key !== "") {
    const entry = storageEntry(entries, key);
    if (!entry) throw storageRefused(`the secret storage-config has no key "${key}"`);
    return entry;
  }
  for (const name of [...(parameters["type"] === undefined ? [] : [`default_${parameters["type"]}`]), "default"]) {
    const entry = storageEntry(entries, name);
    if (entry) return entry;
  }
  return undefined;
}

/** StorageFields that are no texts are left out, but for headers, which may be lists: one bad field must not spoil the entry. */
function parseEntry(key: string, text: string): StorageFields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The cause would quote the text, which holds secrets.
    throw storageRefused(`the key "${key}" of the secret storage-config is not JSON`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw storageRefused(`the key "${key}" of the secret storage-config is not an object`);
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]: [string, unknown]) =>
      typeof field === "string" ? [[name, field]] : name === "headers" ? [[name, JSON.stringify(field)]] : [],
    ),
  );
}

/** Parameters win over the entry; those that name another server bring their own credentials, or are refused. */
function mergeSafely(
  kind: StorageKind,
  from: { readonly entry: StorageEntry | undefined; readonly parameters: StorageFields },
): StorageFields {
  const { entry, parameters } = from;
  if (!entry) return parameters;
  const redirecting = kind.servers.filter((name) => parameters[name] !== undefined && parameters[name] !== entry.fields[name]);
  const held = kind.secrets.filter((name) => entry.fields[name] !== undefined);
  const [first] = redirecting;
  if (first === undefined || held.length === 0) return { ...entry.fields, ...parameters };
  if (held.some((name) => parameters[name] === undefined))
    throw storageRefused(
      `the parameter "${first}" would send the credentials of the key "${entry.key}" to another server; give it in the secret, or credentials beside it`,
    );
  return { ...entry.fields, ...parameters };
}
