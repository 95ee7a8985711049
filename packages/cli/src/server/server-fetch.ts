/**
 * Requests to the ports of one server, with what it wants to be shown.
 *
 * Invariant: a key goes to the host that it is for, and not in cleartext where that host speaks TLS; an address that a server tells is followed without one
 * when it leads elsewhere.
 */
import { type Fetch, trustingFetch } from "@modelyard/resources";
import type { FoundServer } from "./find-server.ts";

/** `fetch` for every port of a server. */
export function serverFetch({ url: controlUrl, apiKey, trust }: FoundServer): Fetch {
  const own = new URL(controlUrl);
  const secure = Object.keys(trust).length > 0 ? trustingFetch(trust) : globalThis.fetch;
  return (address, init = {}) => {
    const url = new URL(address);
    const isOwn = url.protocol === own.protocol && hostOf(url) === hostOf(own);
    const headers = new Headers(init.headers);
    if (isOwn && apiKey !== undefined) headers.set("authorization", `Bearer ${apiKey}`);
    const reach = isOwn && url.protocol === "https:" ? secure : globalThis.fetch;
    return reach(address, { ...init, headers });
  };
}

/** The host an address leads to; this machine has several names for itself. */
function hostOf({ hostname }: URL): string {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname) ? "localhost" : hostname;
}
