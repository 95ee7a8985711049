/**
 * Whether a request may be answered without authentication: it must be addressed to this machine by a loopback name, and a browser must not
 * have sent it for a page from elsewhere. Otherwise any web page could reach a server on loopback, directly or by rebinding a DNS name.
 */
import { failure, type PlatformError } from "@modelyard/core";
import type { RequestHead } from "@modelyard/wire";
import type { CorsPolicy } from "../cors/cors-policy.ts";

/** What is allowed. */
export interface OriginRules {
  /** Besides loopback; `any`: nothing is checked. */
  readonly allowedHosts: readonly string[] | "any";
  /** Whose pages may call. */
  readonly cors?: CorsPolicy | undefined;
}

/** The refusal, or undefined when Host and Origin are as they should be. */
export function checkRequestOrigin(head: RequestHead, { allowedHosts, cors }: OriginRules): PlatformError | undefined {
  if (allowedHosts === "any") return undefined;
  // HTTP/1.0 and Unix sockets carry no host; a browser always sends one.
  if (head.authority !== "" && !isAllowed(hostOf(head.authority), allowedHosts)) {
    return failure("HOST_NOT_ALLOWED", { header: "host", actual: head.authority });
  }
  const origin = head.get("origin");
  if (origin !== undefined && !cors?.allows(origin) && !isAllowed(hostOfOrigin(origin), allowedHosts)) {
    return failure("HOST_NOT_ALLOWED", { header: "origin", actual: origin });
  }
  return undefined;
}

function isAllowed(host: string, allowedHosts: readonly string[]): boolean {
  if (host === "localhost" || host === "[::1]" || host.endsWith(".localhost")) return true;
  return /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host) || allowedHosts.includes(host);
}

/** The name without its port; the dot of a fully qualified name goes too. */
function hostOf(authority: string): string {
  return authority.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
}

/** Empty, which is never allowed, for `null` (sandboxed pages, files) and for what is no origin. */
function hostOfOrigin(origin: string): string {
  const authority = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1];
  return authority === undefined ? "" : hostOf(authority);
}
