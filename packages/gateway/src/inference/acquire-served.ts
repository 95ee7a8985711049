/**
 * Gets hold of the revision a request was resolved to. A service may move on to another revision while the request waits for the load of this
 * one; when that load then fails, a request that named no version follows its service, once.
 */
import type { AcquireOptions, HeldModel, Mesh } from "@modelyard/mesh";
import type { ResolvedModel } from "../routing/model-reference.ts";

/** As `mesh.acquire`: a hit answers at once, without a promise. */
export function acquireServed(mesh: Mesh, resolved: ResolvedModel, options: AcquireOptions): HeldModel | Promise<HeldModel> {
  const holding = mesh.acquire(resolved.served.modelId, options);
  return holding instanceof Promise && !resolved.isPinned ? followService(mesh, { resolved, options, holding }) : holding;
}

interface Waiting {
  readonly resolved: ResolvedModel;
  readonly options: AcquireOptions;
  readonly holding: Promise<HeldModel>;
}

async function followService(mesh: Mesh, { resolved, options, holding }: Waiting): Promise<HeldModel> {
  try {
    return await holding;
  } catch (error) {
    const { route, served } = resolved;
    const active = mesh.find(route.namespace, route.name)?.active;
    if (!active || active.modelId === served.modelId || options.signal?.aborted) throw error;
    return mesh.acquire(active.modelId, options);
  }
}
