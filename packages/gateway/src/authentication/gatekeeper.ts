/**
 * Decides who may ask what, and keeps each decision with the head it was made for: a head that repeats on its connection costs a comparison.
 * A decision holds until the keys change or the key that it was made for expires.
 */
import {
  type AuthenticationOptions,
  authenticate,
  authorize,
  type Clock,
  type KeyTable,
  type PlatformError,
  type Principal,
} from "@modelyard/core";
import type { Exchange } from "@modelyard/wire";
import type { HeadMemo } from "../routing/head-memo.ts";
import { readCredentials } from "./credentials.ts";
import { permissionOf } from "./permission-of.ts";

/** What was decided about a request. */
export interface Admission {
  /** Who sent it; undefined: nobody asked, or it was refused. */
  readonly principal: Principal | undefined;
  /** Why it is not answered. */
  readonly refusal: PlatformError | undefined;
  readonly tableRevision: number;
  /** Wall time. */
  readonly validUntilMs: number;
}

/** Lets requests in. */
export interface Gatekeeper {
  /** The decision about a request, from its memo when it still holds. */
  admit(exchange: Exchange, memo: HeadMemo): Admission;
}

/** What {@link createGatekeeper} is given. */
export interface GatekeeperDeps {
  readonly authentication: AuthenticationOptions;
  readonly clock: Clock;
}

/** The gatekeeper of a gateway; undefined when everybody is let in. */
export function createGatekeeper({ authentication, clock }: GatekeeperDeps): Gatekeeper | undefined {
  if (authentication.kind === "none") return undefined;
  const { keys, clientCertificates } = authentication;
  return {
    admit(exchange, memo) {
      const known = memo.admission;
      if (known && known.tableRevision === keys.revision && isValid(known, clock)) return known;
      const admission = decide({ exchange, memo, keys, clientCertificates, nowMs: clock.nowMs() });
      memo.admission = admission;
      return admission;
    },
  };
}

/** The clock is not read for a decision that has no end. */
function isValid({ validUntilMs }: Admission, clock: Clock): boolean {
  return validUntilMs === Number.POSITIVE_INFINITY || clock.nowMs() < validUntilMs;
}

interface Question {
  readonly exchange: Exchange;
  readonly memo: HeadMemo;
  readonly keys: KeyTable;
  readonly clientCertificates: boolean;
  readonly nowMs: number;
}

function decide({ exchange, memo, keys, clientCertificates, nowMs }: Question): Admission {
  const tableRevision = keys.revision;
  const forEver = { tableRevision, validUntilMs: Number.POSITIVE_INFINITY };
  const permission = permissionOf(memo);
  if (permission === "open") return { ...forEver, principal: undefined, refusal: undefined };
  const authentication = authenticate(readCredentials(exchange, clientCertificates), keys, nowMs);
  if (authentication.kind === "refused") return { ...forEver, principal: undefined, refusal: authentication.error };
  const { principal } = authentication;
  const validUntilMs = (principal.kind === "key" ? principal.key.expiresAtMs : undefined) ?? Number.POSITIVE_INFINITY;
  return { tableRevision, validUntilMs, principal, refusal: authorize(principal, permission) };
}
