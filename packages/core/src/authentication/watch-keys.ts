/**
 * The API keys of the store, kept up to date. What was read stays in force while the store is away; a record that cannot be read opens nothing
 * and is logged.
 *
 * Invariant: the table is swapped whole, so that one request is judged by one state of it.
 */
import type { Log } from "../log.ts";
import { type ApiKey, apiKeyPrefix, type KeyTable, parseApiKey } from "./api-key.ts";

/** A key of the store with its value. */
export interface StoredKey {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Changes under the prefix; `@modelyard/store`'s `listAndWatch` calls them so. */
export interface KeyChanges {
  /** Everything under the prefix. */
  readonly onReset: (keyValues: readonly StoredKey[]) => void;
  /** What changed since. */
  readonly onEvents: (batch: { readonly events: readonly { readonly kind: "put" | "delete"; readonly keyValue: StoredKey }[] }) => void;
}

/** Options of {@link watchKeys}. */
export interface WatchKeysOptions {
  /**
   * Follows a prefix of the store until the signal is aborted, and rejects when it cannot go on.
   *
   * @example (prefix, changes, signal) => listAndWatch(store, prefix, { clock, random, log, signal, ...changes })
   */
  readonly follow: (prefix: string, changes: KeyChanges, signal: AbortSignal) => Promise<void>;
  readonly log: Log;
}

/** The keys, as long as they are followed. */
export interface WatchedKeys {
  /** Always the same object; what it answers follows the store. */
  readonly table: KeyTable;
  /** Stops following; what is known stays in force. Idempotent, resolves when it has stopped. */
  close(): Promise<void>;
}

/** Most keys that are held; those beyond open nothing. */
const maxApiKeys = 100_000;

/** Follows the keys of a store. */
export function watchKeys({ follow, log }: WatchKeysOptions): WatchedKeys {
  const table = new FollowedKeys(log);
  const stop = new AbortController();
  const following = follow(apiKeyPrefix, table, stop.signal).catch((error: unknown) => {
    if (!stop.signal.aborted) log.error("API keys are no longer followed; those that are known stay in force", error);
  });
  return {
    table,
    close() {
      stop.abort();
      return following;
    },
  };
}

class FollowedKeys implements KeyTable, KeyChanges {
  readonly #log: Log;
  #keys: ReadonlyMap<string, ApiKey> = new Map();
  revision = 0;
  isRead = false;

  constructor(log: Log) {
    this.#log = log;
  }

  find(id: string): ApiKey | undefined {
    return this.#keys.get(id);
  }

  readonly onReset = (keyValues: readonly StoredKey[]): void => {
    const keys = new Map<string, ApiKey>();
    for (const one of keyValues) this.#put(keys, one);
    this.isRead = true;
    this.#swap(keys);
  };

  readonly onEvents: KeyChanges["onEvents"] = ({ events }) => {
    const keys = new Map(this.#keys);
    for (const { kind, keyValue } of events) {
      if (kind === "put") this.#put(keys, keyValue);
      else keys.delete(idOf(keyValue));
    }
    this.#swap(keys);
  };

  #put(keys: Map<string, ApiKey>, stored: StoredKey): void {
    const parsed = parseApiKey(stored.key, stored.value);
    // A record that became unreadable no longer opens what it did.
    keys.delete(idOf(stored));
    if (typeof parsed === "string")
      this.#log.warn("The record of an API key is not valid and opens nothing", { key: stored.key, why: parsed });
    else if (keys.size >= maxApiKeys)
      this.#log.warn("There are too many API keys; this one opens nothing", { key: stored.key, limit: maxApiKeys });
    else keys.set(parsed.id, parsed);
  }

  #swap(keys: ReadonlyMap<string, ApiKey>): void {
    this.#keys = keys;
    this.revision++;
  }
}

function idOf({ key }: StoredKey): string {
  return key.slice(apiKeyPrefix.length);
}
