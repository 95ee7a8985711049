/**
 * Publishes the API keys that Secrets of the type `modelyard.dev/api-key` are, for the serving processes to read: their hashes, never the keys.
 *
 * Reads: every such Secret, everything under `auth/keys/`. Writes: `auth/keys/ID`, in transactions of a hundred keys.
 * A crash between two transactions leaves some keys as they were; the next pass, after the restart or a minute, does the rest. An id that two
 * Secrets claim belongs to the one in `modelyard-system`, else to the one that was there first.
 */
import { apiKeySecretType, type Secret, secretEntries } from "@modelyard/api";
import { apiKeyPrefix, systemNamespace } from "@modelyard/core";
import { type Informer, keyOf, keyText } from "@modelyard/resources";
import { decodeJson, deleteOperation, encodeJson, listPrefix, type Operation, putOperation, type Store } from "@modelyard/store";

/** What the reconciler is given. */
export interface ApiKeyReconcilerDeps {
  readonly store: Store;
  readonly secrets: Pick<Informer<Secret>, "list">;
}

const operationsAtOnce = 100;

/** One pass over all keys. */
export async function reconcileApiKeys({ store, secrets }: ApiKeyReconcilerDeps, signal: AbortSignal): Promise<undefined> {
  const wanted = recordsOf(secrets.list());
  const { keyValues } = await listPrefix(store, apiKeyPrefix, { signal });
  const kept = new Set<string>();
  const operations: Operation[] = [];
  for (const { key, value } of keyValues) {
    const record = wanted.get(key);
    if (record === undefined) operations.push(deleteOperation(key));
    else if (isSame(value, record)) kept.add(key);
  }
  for (const [key, record] of wanted) if (!kept.has(key)) operations.push(putOperation(key, encodeJson(record)));
  for (let at = 0; at < operations.length; at += operationsAtOnce) {
    await store.transact({ success: operations.slice(at, at + operationsAtOnce) }, { signal });
  }
  return undefined;
}

interface ApiKeyRecord {
  readonly id: string;
  readonly sha256: string;
  readonly namespace: string;
  readonly role: string;
  readonly expiresAtMs?: number;
  readonly name: string;
}

function recordsOf(secrets: readonly Secret[]): ReadonlyMap<string, ApiKeyRecord> {
  const records = new Map<string, ApiKeyRecord>();
  for (const secret of secrets.filter(isApiKey).toSorted(byPrecedence)) {
    const record = recordOf(secret);
    const key = apiKeyPrefix + record.id;
    if (!records.has(key)) records.set(key, record);
  }
  return records;
}

function isApiKey({ type, metadata }: Secret): boolean {
  return type === apiKeySecretType && metadata.deletionTimestamp === undefined;
}

/** Those of `modelyard-system` come first, so that no other namespace can put one in their place; then what was there first, then by name. */
function byPrecedence(a: Secret, b: Secret): number {
  const [first, second] = [a, b].map(
    (one) => `${one.metadata.namespace === systemNamespace ? 0 : 1} ${one.metadata.creationTimestamp ?? ""} ${keyText(keyOf(one))}`,
  ) as [string, string];
  return first < second ? -1 : 1;
}

function recordOf(secret: Secret): ApiKeyRecord {
  const entries = secretEntries(secret);
  const expires = entries.get("expires")?.toString();
  return {
    id: entries.get("id")?.toString() ?? "",
    sha256: entries.get("sha256")?.toString("base64") ?? "",
    namespace: secret.metadata.namespace ?? "default",
    role: entries.get("role")?.toString() ?? "infer",
    ...(expires === undefined ? {} : { expiresAtMs: Date.parse(expires) }),
    name: secret.metadata.name,
  };
}

function isSame(value: Uint8Array, record: ApiKeyRecord): boolean {
  try {
    return JSON.stringify(decodeJson(value)) === JSON.stringify(record);
  } catch {
    // Not JSON: written anew.
    return false;
  }
}
