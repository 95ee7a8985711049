/**
 * What each address of the control port needs. It is decided by the route that the router chose and by the parameters it decoded, never by the text of
 * the address, so that no spelling of an address is judged as one thing and served as another.
 *
 * An address that is not listed needs an administrator of every namespace, so that a new one is closed until it is thought of.
 */
import { type Permission, systemNamespace } from "@modelyard/core";
import type { FastifyRequest } from "fastify";
import { uploadsPath } from "../uploads/upload-routes.ts";

/** Probes, which Kubernetes sends without credentials. */
const openRoutes: ReadonlySet<string> = new Set(["/livez", "/readyz", "/healthz"]);

/** What clients read before they know which namespace they will ask for: it tells the kinds there are and nothing of anybody's objects. */
const discoveryRoute = /^\/(version|api|api\/v1|apis|apis\/[^/]+|apis\/[^/]+\/[^/]+|openapi\/.*)$/;

/** What a request needs; `open` when nobody is asked who they are. */
export function permissionOf({ routeOptions, params }: Pick<FastifyRequest, "routeOptions" | "params">): Permission | "open" {
  const route = routeOptions.url;
  // Nothing is there: whoever may ask anything may know that.
  if (route === undefined) return { namespace: undefined, role: "infer" };
  if (openRoutes.has(route)) return "open";
  if (discoveryRoute.test(route)) return { namespace: undefined, role: "infer" };
  if (route === uploadsPath || route.startsWith(`${uploadsPath}/`)) return { namespace: undefined, role: "admin" };
  return { namespace: namespaceIn(params) ?? systemNamespace, role: "admin" };
}

/** The namespace that the address of a namespaced object or collection names. */
export function namespaceIn(params: unknown): string | undefined {
  if (typeof params !== "object" || params === null || !("namespace" in params)) return undefined;
  return typeof params.namespace === "string" ? params.namespace : undefined;
}
