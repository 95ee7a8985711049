/**
 * The index of the model repository: every revision that is served and whether it answers. Source: Triton's model repository extension;
 * `reason` is in every entry because the types of MLServer's client demand it.
 */
import type { Mesh, ServiceRoute } from "@modelyard/mesh";

/** One revision in the index. */
export interface RepositoryEntry {
  readonly name: string;
  readonly version: string;
  /** `READY`: a request is answered, by a load first where the model was evicted. */
  readonly state: "READY" | "UNAVAILABLE" | "LOADING";
  /** Why it is not ready; empty when it is. */
  readonly reason: string;
}

/** Which entries are wanted. */
export interface RepositoryIndexOptions {
  readonly namespace: string;
  /** Leaves out what is not `READY`. */
  readonly onlyReady: boolean;
}

/** The index of a namespace, by model name, the active revision of each first. */
export function repositoryIndex(mesh: Mesh, { namespace, onlyReady }: RepositoryIndexOptions): readonly RepositoryEntry[] {
  const entries = mesh.list(namespace).flatMap((route) => entriesOf(mesh, route));
  return onlyReady ? entries.filter((entry) => entry.state === "READY") : entries;
}

function entriesOf(mesh: Mesh, route: ServiceRoute): RepositoryEntry[] {
  return route.revisions.map(({ revision, modelId }) => {
    const name = route.modelName;
    const version = String(revision);
    if (route.isUnloaded) return { name, version, state: "UNAVAILABLE", reason: "unloaded" };
    const state = mesh.state(modelId);
    if (state === "FailedToLoad") return { name, version, state: "UNAVAILABLE", reason: "the last load failed" };
    if (state === "Loading") return { name, version, state: "LOADING", reason: "a load is under way" };
    return { name, version, state: "READY", reason: "" };
  });
}
