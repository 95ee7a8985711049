/**
 * API keys as they are kept: a key is `myk_ID_SECRET`, its record holds the SHA-256 of the whole key, never the key. A key has 256 random bits,
 * so a plain hash cannot be searched for it.
 *
 * Records are JSON values of the store under {@link apiKeyPrefix}: `auth/keys/ID`.
 */
import { nodeCrypto } from "../node-crypto.ts";

/** Where the records are in the store; the rest of a key is the id. */
export const apiKeyPrefix = "auth/keys/";

/** The namespace whose keys open every namespace. */
export const systemNamespace = "modelyard-system";

/** The roles a key can have. */
export const apiKeyRoles = ["infer", "admin"] as const;

/** What a key is good for: `infer` asks models, `admin` loads and unloads them and changes resources, too. */
export type ApiKeyRole = (typeof apiKeyRoles)[number];

/** One key. */
export interface ApiKey {
  /** Lower-case letters and digits, 8 to 32. */
  readonly id: string;
  /** SHA-256 of the whole key, 32 bytes. */
  readonly digest: Uint8Array;
  /** The namespace it opens; `modelyard-system` opens all. */
  readonly namespace: string;
  readonly role: ApiKeyRole;
  /** Wall time from which it opens nothing; undefined: it does not expire. */
  readonly expiresAtMs: number | undefined;
  /** What people call it. */
  readonly name: string;
}

/** The keys as of a moment. */
export interface KeyTable {
  /** Grows with each change, so that a decision can be kept until then. */
  readonly revision: number;
  /** Whether the keys are known; before, nobody can be told from anybody. */
  readonly isRead: boolean;
  find(id: string): ApiKey | undefined;
}

/** A key as a client presents it, taken apart. */
export interface PresentedKey {
  readonly id: string;
  /** All of it. */
  readonly text: string;
}

const keyText = /^myk_([a-z0-9]{8,32})_[A-Za-z0-9_-]{43}$/;
const idText = /^[a-z0-9]{8,32}$/;
const longestName = 200;

/** Takes a key apart; undefined when it has not the form of one. */
export function parsePresentedKey(text: string): PresentedKey | undefined {
  const id = keyText.exec(text)?.[1];
  return id === undefined ? undefined : { id, text };
}

/** Whether a text has the form of a key's id. */
export function isApiKeyId(text: string): boolean {
  return idText.test(text);
}

/** Whether a value names a role. */
export function isApiKeyRole(value: unknown): value is ApiKeyRole {
  return apiKeyRoles.some((role) => role === value);
}

/** SHA-256 of a key, which is what is kept of it. */
export function apiKeyDigest(text: string): Buffer {
  return nodeCrypto().createHash("sha256").update(text).digest();
}

/** Reads a record of the store: the key, or why the record is none. */
export function parseApiKey(storeKey: string, value: Uint8Array): ApiKey | string {
  const record = parseObject(value);
  if (!record) return "the value is not a JSON object";
  const { id, sha256, namespace, role, expiresAtMs, name = "" } = record;
  if (typeof id !== "string" || !isApiKeyId(id) || storeKey !== apiKeyPrefix + id) return "the id is malformed or not that of its key";
  const digest = typeof sha256 === "string" ? Buffer.from(sha256, "base64") : undefined;
  if (digest?.length !== 32) return "sha256 is not 32 bytes in base64";
  if (typeof namespace !== "string" || namespace === "") return "namespace is missing";
  if (!isApiKeyRole(role)) return 'role is neither "infer" nor "admin"';
  if (expiresAtMs !== undefined && !(typeof expiresAtMs === "number" && Number.isFinite(expiresAtMs))) return "expiresAtMs is not a number";
  if (typeof name !== "string") return "name is not text";
  return { id, digest, namespace, role, expiresAtMs, name: name.slice(0, longestName) };
}

function parseObject(value: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(value).toString("utf8"));
    // Narrowed to an object; its members are checked one by one.
    return typeof parsed === "object" && parsed !== null ? (parsed as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    // Not JSON: the caller says so.
    return undefined;
  }
}
