/** How requests to Azure Blob Storage are authorised: by the account's key, a shared access signature, client credentials, or not at all. */
import { type Clock, failure } from "@modelyard/core";
import type { AzureCredentials, AzureSource } from "../../contract.ts";
import { exchange, statusFailure } from "../../internal/http-exchange.ts";
import { type HeadersFor, pageJson, propertyOf, textOf } from "../http-tree.ts";
import { sharedKeyHeader } from "./shared-key.ts";

/** Version of the service's protocol that is spoken. */
const serviceVersion = "2021-12-02";
const defaultLogin = "https://login.microsoftonline.com";
const tokenLimitMs = 30_000;
const marginMs = 60_000;

/** What authorisation needs. */
export interface AzureAuthorisation {
  readonly clock: Clock;
  readonly label: string;
  readonly loginEndpoint: string | undefined;
}

/** Headers for each request of a source. A shared access signature is part of the address instead: see {@link withSignature}. */
export function azureHeaders({ account, credentials }: AzureSource, deps: AzureAuthorisation): HeadersFor {
  const common = { "x-ms-version": serviceVersion };
  if (credentials?.kind === "sharedKey") {
    return ({ method, url, headers }) => {
      const signed = { ...common, "x-ms-date": new Date(deps.clock.nowMs()).toUTCString() };
      return {
        ...signed,
        authorization: sharedKeyHeader({ method, url, headers: { ...headers, ...signed }, account }, credentials.key.reveal()),
      };
    };
  }
  if (credentials?.kind === "client") {
    const token = clientToken(credentials, deps);
    return async () => ({ ...common, authorization: `Bearer ${await token()}` });
  }
  return () => common;
}

/** The address with the shared access signature of the source, where it has one. */
export function withSignature(url: URL, credentials: AzureCredentials | undefined): URL {
  if (credentials?.kind !== "sas") return url;
  for (const [name, value] of new URLSearchParams(credentials.token.reveal().replace(/^\?/, ""))) url.searchParams.append(name, value);
  return url;
}

/** Tokens by client credentials (RFC 6749 §4.4), each until shortly before it ends. */
function clientToken(credentials: Extract<AzureCredentials, { kind: "client" }>, deps: AzureAuthorisation): () => Promise<string> {
  const { clock, label, loginEndpoint = defaultLogin } = deps;
  let token: { readonly value: string; readonly endsAtMs: number } | undefined;
  return async () => {
    if (token && token.endsAtMs - marginMs > clock.nowMs()) return token.value;
    const form = {
      grant_type: "client_credentials",
      client_id: credentials.clientId,
      client_secret: credentials.clientSecret.reveal(),
      scope: "https://storage.azure.com/.default",
    };
    const response = await exchange({
      label,
      url: `${loginEndpoint}/${encodeURIComponent(credentials.tenantId)}/oauth2/v2.0/token`,
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(form).toString(),
      signal: AbortSignal.timeout(tokenLimitMs),
    });
    if (response.status !== 200) throw statusFailure(`${label} (token)`, response);
    const answer = await pageJson(label, response);
    const value = textOf(answer, "access_token");
    if (value === undefined) throw failure("SOURCE_REFUSED", { source: label, why: "the login server gave no access token" });
    const seconds = propertyOf(answer, "expires_in");
    token = { value, endsAtMs: clock.nowMs() + (typeof seconds === "number" ? seconds : 0) * 1000 };
    return value;
  };
}
