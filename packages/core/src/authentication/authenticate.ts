/**
 * Who sends a request, by its credentials. Pure.
 *
 * What a client is told does not depend on whether the id of its key exists: unknown and wrong keys are refused in the same words, after the same
 * work. The difference is in the error's `internal` facts, for the log.
 */
import { timingSafeEqual } from "node:crypto";
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
export function authenticate({ apiKey, certificateSubject }: Credentials, table: KeyTable, nowMs: number): Authentication {
  if (apiKey !== undefined) return authenticateKey(apiKey, table, nowMs);
  if (certificateSubject !== undefined) return { kind: "granted", principal: { kind: "certificate", subject: certificateSubject } };
  return refused(failure("API_KEY_MISSING", {}, { internal: { why: "no key" } }));
}

function authenticateKey(text: string, table: KeyTable, nowMs: number): Authentication {
  const presented = parsePresentedKey(text);
  if (!presented) return refused(failure("API_KEY_NOT_VALID", {}, { internal: { why: "malformed key" } }));
  const { id: keyId } = presented;
  if (!table.isRead)
    return refused(failure("AUTHENTICATION_NOT_READY", {}, { retryAfterMs: 1_000, internal: { why: "keys not read yet", keyId } }));
  const key = table.find(keyId);
  const digest = apiKeyDigest(presented.text);
  const isEqual = timingSafeEqual(digest, key?.digest ?? noDigest);
  if (!key || !isEqual) return refused(failure("API_KEY_NOT_VALID", {}, { internal: { why: key ? "wrong key" : "unknown key", keyId } }));
  if (key.expiresAtMs !== undefined && nowMs >= key.expiresAtMs) {
    return refused(failure("API_KEY_EXPIRED", {}, { internal: { why: "expired key", keyId } }));
  }
  return { kind: "granted", principal: { kind: "key", key } };
}

function refused(error: PlatformError): Authentication {
  return { kind: "refused", error };
}
