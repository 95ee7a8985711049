/** API keys for tests, made as whoever issues them makes them. */
import { createHash } from "node:crypto";
import type { ApiKey, KeyTable } from "../authentication/api-key.ts";

/** A key with what its holder sends and what the store holds. */
export interface MintedKey {
  /** What the holder sends. */
  readonly text: string;
  readonly key: ApiKey;
  /** Value of the store under `auth/keys/ID`. */
  readonly record: Uint8Array;
}

/** A table that a test changes. */
export interface TestKeyTable extends KeyTable {
  isRead: boolean;
  /** Replaces every key. */
  set(keys: readonly MintedKey[]): void;
}

/** Mints a key of `default` with the role `infer`, named after its id; its secret is that of its id, repeated. */
export function mintKey(id: string, facts: Partial<Omit<ApiKey, "id" | "digest">> = {}): MintedKey {
  const { namespace = "default", role = "infer", expiresAtMs, name = `key ${id}` } = facts;
  const text = `myk_${id}_${id.repeat(6).slice(0, 43)}`;
  const digest = createHash("sha256").update(text).digest();
  const record = { id, sha256: digest.toString("base64"), namespace, role, expiresAtMs, name };
  return { text, key: { id, digest, namespace, role, expiresAtMs, name }, record: Buffer.from(JSON.stringify(record)) };
}

/** A table of keys. */
export function keyTableOf(...minted: readonly MintedKey[]): TestKeyTable {
  let keys = new Map(minted.map(({ key }) => [key.id, key]));
  return {
    revision: 1,
    isRead: true,
    find: (id) => keys.get(id),
    set(next) {
      keys = new Map(next.map(({ key }) => [key.id, key]));
      // The port is read-only for who reads it.
      (this as { revision: number }).revision++;
    },
  };
}
