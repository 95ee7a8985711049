/**
 * Keeps web pages away from a server without authentication. A page of another site can make a browser send requests to loopback; its `Origin` gives it
 * away. A page that points its own name at loopback (DNS rebinding) has the right origin, but then `Host` is its name.
 */
import { failure } from "@modelyard/core";

/** The headers that are looked at. */
export interface OriginHeaders {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
}

const loopbackName = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

/** Throws `API_ORIGIN_REFUSED` when a request does not come from this machine's own tools, or from a page this server sent. */
export function checkOrigin(headers: OriginHeaders, scheme: "http" | "https"): void {
  const usualPort = scheme === "https" ? "443" : "80";
  const host = headers.host ?? "";
  const [, name = "", port = usualPort] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(host) ?? [];
  if (!loopbackName.test(name)) throw failure("API_ORIGIN_REFUSED", { header: "Host", value: host });
  const { origin } = headers;
  if (origin === undefined) return;
  const from = URL.parse(origin);
  const isOwn = from?.protocol === `${scheme}:` && loopbackName.test(from.hostname) && (from.port || usualPort) === port;
  if (!isOwn) throw failure("API_ORIGIN_REFUSED", { header: "Origin", value: origin });
}
