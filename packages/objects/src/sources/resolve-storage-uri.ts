/**
 * What `storageUri` means beside the `storage-config` secret, as ModelMesh Serving reads it: the address becomes parameters, which win over those that are
 * given, and the key is the one that is named, else `default_<type>`, else `default`.
 *
 * Invariant: that of `resolveStorage`. A key nobody named is left out when it is for another type or another server; a key that was named must fit.
 */
import { assertNever } from "@modelyard/core";
import type { ArtifactSource } from "../contract.ts";
import { parseArtifactSource } from "../source.ts";
import { resolveStorage, type StorageEntry, type StorageRequest, storageEntry } from "./resolve-storage.ts";
import { azureAccountOf, isStorageParameter, type StorageFields, storageRefused } from "./storage-kinds.ts";

/** What is asked for. */
export interface StorageUriRequest extends Pick<StorageRequest, "entries" | "key" | "parameters"> {
  readonly uri: string;
}

/**
 * The source of an address, with the credentials of the secret that belong to its server.
 *
 * @throws those of `parseArtifactSource` and of `resolveStorage`.
 */
export function resolveStorageUri({ entries, uri, key = "", parameters = {} }: StorageUriRequest): ArtifactSource {
  const source = parseArtifactSource(uri);
  const type = typeOf(source);
  if (type === undefined) {
    if (key !== "") throw storageRefused(`the address takes nothing from the key "${key}" of the secret storage-config`);
    return source;
  }
  const entry = key === "" ? defaultEntry(entries, { source, type }) : named(entries, { source, key });
  if (!entry && !Object.keys(parameters).some(isStorageParameter)) return source;
  const { path, words } = wordsOf(source, entry?.fields);
  const merged = { ...parameters, type, ...words };
  const resolved = resolveStorage({ entries: entry ? entries : new Map(), path, parameters: merged, ...(entry ? { key: entry.key } : {}) });
  return source.kind === "http" ? { ...resolved, ...source } : resolved;
}

function named(
  entries: StorageRequest["entries"],
  { source, key }: { readonly source: ArtifactSource; readonly key: string },
): StorageEntry {
  const entry = storageEntry(entries, key);
  if (!entry) throw storageRefused(`the secret storage-config has no key "${key}"`);
  if (source.kind === "http" && !isForServer(source, entry.fields))
    throw storageRefused(`the address is not below the "url" of the key "${key}"`);
  return entry;
}

/** The entry for everything of a type, when it is for this server too. */
function defaultEntry(
  entries: StorageRequest["entries"],
  { source, type }: { readonly source: ArtifactSource; readonly type: string },
): StorageEntry | undefined {
  for (const key of [`default_${type}`, "default"]) {
    const entry = storageEntry(entries, key);
    if (entry && (entry.fields["type"] ?? type) === type && isForServer(source, entry.fields)) return entry;
  }
  return undefined;
}

/** Type of storage of a source; undefined for what is not fetched with credentials, or brings its own. */
function typeOf(source: ArtifactSource): string | undefined {
  switch (source.kind) {
    case "s3":
    case "gcs":
    case "http":
    case "hf":
    case "pvc":
      return source.kind;
    case "azure":
      return source.credentials ? undefined : source.kind;
    case "file":
    case "upload":
      return undefined;
    default:
      return assertNever(source);
  }
}

/** Whether an entry says nothing of another server than the one of the address. */
function isForServer(source: ArtifactSource, fields: StorageFields): boolean {
  if (source.kind === "azure") return azureAccountOf(fields) === source.account;
  return source.kind !== "http" || isBelow(new URL(source.url), fields["url"] ?? "");
}

function isBelow(url: URL, base: string): boolean {
  const { origin, pathname } = URL.parse(base) ?? {};
  const folder = pathname?.endsWith("/") ? pathname : `${pathname}/`;
  return origin === url.origin && (pathname === url.pathname || url.pathname.startsWith(folder));
}

/** The address as parameters. Those that name the server are left to an entry that is for it. */
function wordsOf(source: ArtifactSource, fields: StorageFields = {}): { readonly path: string; readonly words: StorageFields } {
  switch (source.kind) {
    case "s3":
    case "gcs":
      return { path: source.path, words: { bucket: source.bucket } };
    case "azure": {
      const isKnown = azureAccountOf(fields) === source.account;
      return { path: source.path, words: { container: source.container, ...(isKnown ? {} : { account_name: source.account }) } };
    }
    case "http":
      return { path: "", words: { url: fields["url"] ?? new URL(source.url).origin } };
    case "hf":
      return {
        path: source.path,
        words: { repository: source.repository, ...(source.revision !== undefined && { revision: source.revision }) },
      };
    case "pvc":
      return { path: source.path, words: { name: source.claim } };
    case "file":
    case "upload":
      return { path: "", words: {} };
    default:
      return assertNever(source);
  }
}
