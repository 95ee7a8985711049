/** Access tokens of a Google service account: a JWT signed with its key (RFC 7515, RFC 7523 §2.1) exchanged at its token address. */
import { sign } from "node:crypto";
import { type Clock, failure } from "@modelyard/core";
import type { GoogleSource } from "../../contract.ts";
import { exchange, statusFailure } from "../../internal/http-exchange.ts";
import { pageJson, propertyOf, textOf } from "../http-tree.ts";

const scope = "https://www.googleapis.com/auth/devstorage.read_only";
const defaultTokenUri = "https://oauth2.googleapis.com/token";
const lifeSeconds = 3600;
/** A token is renewed this long before it ends. */
const marginMs = 60_000;
const tokenLimitMs = 30_000;

/** Gives tokens of one account, each until shortly before it ends. */
export class AccessTokens {
  readonly #credentials: NonNullable<GoogleSource["credentials"]>;
  readonly #deps: { readonly clock: Clock; readonly label: string };
  #token: Promise<{ readonly value: string; readonly endsAtMs: number }> | undefined;

  constructor(credentials: NonNullable<GoogleSource["credentials"]>, deps: { readonly clock: Clock; readonly label: string }) {
    this.#credentials = credentials;
    this.#deps = deps;
  }

  /** A token that holds for some time yet. Those who ask at the same time share one exchange. */
  async current(): Promise<string> {
    const known = await this.#token?.catch(() => undefined);
    if (known && known.endsAtMs - marginMs > this.#deps.clock.nowMs()) return known.value;
    const token = this.#exchange();
    this.#token = token;
    return (await token).value;
  }

  async #exchange(): Promise<{ readonly value: string; readonly endsAtMs: number }> {
    const { clock, label } = this.#deps;
    const { tokenUri = defaultTokenUri } = this.#credentials;
    const nowMs = clock.nowMs();
    const assertion = signedAssertion(this.#credentials, { label, nowSeconds: Math.floor(nowMs / 1000) });
    const body = new URLSearchParams({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const signal = AbortSignal.timeout(tokenLimitMs);
    const response = await exchange({ label, url: tokenUri, method: "POST", headers, body, signal });
    if (response.status !== 200) throw statusFailure(`${label} (token)`, response);
    const answer = await pageJson(label, response);
    const value = textOf(answer, "access_token");
    if (value === undefined) throw failure("SOURCE_REFUSED", { source: label, why: "the token address gave no access token" });
    const seconds = propertyOf(answer, "expires_in");
    return { value, endsAtMs: nowMs + (typeof seconds === "number" ? seconds : lifeSeconds) * 1000 };
  }
}

function signedAssertion(
  { clientEmail, privateKey, tokenUri = defaultTokenUri }: NonNullable<GoogleSource["credentials"]>,
  { label, nowSeconds }: { readonly label: string; readonly nowSeconds: number },
): string {
  const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { iss: clientEmail, scope, aud: tokenUri, iat: nowSeconds, exp: nowSeconds + lifeSeconds };
  const signed = `${encoded({ alg: "RS256", typ: "JWT" })}.${encoded(claims)}`;
  try {
    return `${signed}.${sign("RSA-SHA256", Buffer.from(signed), privateKey.reveal()).toString("base64url")}`;
  } catch {
    // The cause may show parts of the key.
    throw failure("SOURCE_REFUSED", { source: label, why: "the private key of its credentials is not a PEM key" });
  }
}
