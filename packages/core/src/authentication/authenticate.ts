/**
 * Who sends a request, by its credentials. Pure.
 *
 * What a client is told does not depend on whether the id of its key exists: unknown and wrong keys are refused in the same words, after the same
 * work. The difference is in the error's `internal` facts, for the log.
 */
import { nodeCrypto } from "../node-crypto.ts";
import { failure, type PlatformError } from "../platform-error.ts";
import { type ApiKey, apiKeyDigest, type KeyTable, parsePresentedKey } from "./api-key.ts";

/** What a request brings to show who sends it. */
export interface Credentials {
  /** Key as it was sent, whatever its form; undefined: none was. */
  readonly apiKey: string | undefined;
  /** Subject of the client certificate that TLS verified; undefined: none, or certificates do not count. */
  readonly certificateSubject: string | undefined;
}

/** Who sends a request. */
export type Principal =
  | { readonly kind: "key"; readonly key: ApiKey }
  /** Trusted with every namespace and every role. */
  | { readonly kind: "certificate"; readonly subject: string };

/** The answer: who it is, or the refusal. */
export type Authentication =
  | { readonly kind: "granted"; readonly principal: Principal }
  | { readonly kind: "refused"; readonly error: PlatformError };

const noDigest = new Uint8Array(32);

/** Judges credentials at a wall time. A key that is presented is judged, even when there is a certificate, too. */
export function authenticate(credentials: Credentials, table: KeyTable, nowMs: number): Authentication {
  const { apiKey, certificateSubject } = credentials;
  if (apiKey !== undefined) return authenticateKey({ ...credentials, apiKey }, table, nowMs);
  if (certificateSubject !== undefined) return { kind: "granted", principal: { kind: "certificate", subject: certificateSubject } };
  return refused(failure("API_KEY_MISSING", {}, { internal: { why: "no key" } }));
}

type WithKey = Credentials & { readonly apiKey: string };

function authenticateKey({ apiKey, certificateSubject }: WithKey, table: KeyTable, nowMs: number): Authentication {
  const certificate = certificateSubject === undefined ? {} : { certificate: certificateSubject };
  const presented = parsePresentedKey(apiKey);
  if (!presented) return refused(failure("API_KEY_NOT_VALID", {}, { internal: { why: "malformed key", ...certificate } }));
  const claimed = { keyId: presented.id, ...certificate };
  if (!table.isRead)
    return refused(failure("AUTHENTICATION_NOT_READY", {}, { retryAfterMs: 1_000, internal: { why: "keys not read yet", ...claimed } }));
  const key = table.find(presented.id);
  const isEqual = nodeCrypto().timingSafeEqual(apiKeyDigest(presented.text), key?.digest ?? noDigest);
  if (!key || !isEqual)
    return refused(failure("API_KEY_NOT_VALID", {}, { internal: { why: key ? "wrong key" : "unknown key", ...claimed } }));
  if (key.expiresAtMs !== undefined && nowMs >= key.expiresAtMs) {
    return refused(failure("API_KEY_EXPIRED", {}, { internal: { why: "expired key", ...claimed } }));
  }
  return { kind: "granted", principal: { kind: "key", key } };
}

function refused(error: PlatformError): Authentication {
  return { kind: "refused", error };
}
