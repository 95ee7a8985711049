/** Which model a request names, and the revision of it that answers. */
import { failure } from "@modelyard/core";
import type { Mesh, ServedRevision, ServiceRoute } from "@modelyard/mesh";

/** Header and gRPC metadata field that names a namespace. */
export const namespaceHeader = "modelyard-namespace";

/** A service as a client names it. */
export interface ServiceReference {
  readonly namespace: string;
  /** Object name or model name. */
  readonly model: string;
}

/** A model as a client names it. */
export interface ModelReference extends ServiceReference {
  /** Revision number as text; empty: the active one. */
  readonly version: string;
}

/** A revision that answers. */
export interface ResolvedModel {
  readonly route: ServiceRoute;
  readonly served: ServedRevision;
  /** The name the client used, which is the one in answers. */
  readonly model: string;
  /** Whether the client asked for this very revision. */
  readonly isPinned: boolean;
}

/** The namespace a header names; `default` when it is absent or empty. */
export function readNamespace(header: string | undefined): string {
  return header === undefined || header === "" ? "default" : header;
}

/** Finds the revision; fails with `MODEL_NOT_FOUND`, `MODEL_VERSION_NOT_FOUND`, or `MESH_NOT_READY` while nothing is known yet. */
export function resolveModel(mesh: Mesh, reference: ModelReference): ResolvedModel {
  const { model, version } = reference;
  const route = findRoute(mesh, reference);
  if (version === "") return { route, served: route.active, model, isPinned: false };
  return { route, served: findRevision(route, reference), model, isPinned: true };
}

/** Finds the service; fails with `MODEL_NOT_FOUND`, or `MESH_NOT_READY` while nothing is known yet. */
export function findRoute(mesh: Mesh, { namespace, model }: ServiceReference): ServiceRoute {
  const route = mesh.find(namespace, model);
  if (route) return route;
  throw mesh.isReady ? failure("MODEL_NOT_FOUND", { model, namespace }) : failure("MESH_NOT_READY", {});
}

/** The revision of a service whose number is the version; fails with `MODEL_VERSION_NOT_FOUND`. */
export function findRevision(route: ServiceRoute, { model, version }: ModelReference): ServedRevision {
  const served = route.revisions.find((one) => String(one.revision) === version);
  if (served) return served;
  throw failure("MODEL_VERSION_NOT_FOUND", { model, version, served: servedVersions(route).join(", ") });
}

/** Fails with `MODEL_UNLOADED` when the repository API unloaded the service. */
export function refuseUnloaded({ route, model }: ResolvedModel): void {
  if (route.isUnloaded) throw failure("MODEL_UNLOADED", { model });
}

/** Versions of a service as clients see them, the active one first. */
export function servedVersions(route: ServiceRoute): string[] {
  return route.revisions.map((one) => String(one.revision));
}
