/** Which model a request names, and the revision of it that answers. */
import { failure } from "@modelyard/core";
import type { Mesh, ServedRevision, ServiceRoute } from "@modelyard/mesh";

/** Header and gRPC metadata field that names a namespace. */
export const namespaceHeader = "modelyard-namespace";

/** A model as a client names it. */
export interface ModelReference {
  readonly namespace: string;
  /** Object name or model name. */
  readonly model: string;
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
  const { namespace, model, version } = reference;
  const route = mesh.find(namespace, model);
  if (!route) throw mesh.isReady ? failure("MODEL_NOT_FOUND", { model, namespace }) : failure("MESH_NOT_READY", {});
  if (version === "") return { route, served: route.active, model, isPinned: false };
  const served = route.revisions.find((one) => String(one.revision) === version);
  if (served) return { route, served, model, isPinned: true };
  throw failure("MODEL_VERSION_NOT_FOUND", { model, version, served: servedVersions(route).join(", ") });
}

/** Versions of a service as clients see them, the active one first. */
export function servedVersions(route: ServiceRoute): string[] {
  return route.revisions.map((one) => String(one.revision));
}
