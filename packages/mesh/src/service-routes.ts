/**
 * The routes that follow from the records: a service leads to the active model of its vmodel, and to the revisions that were kept beside it, which are
 * the other models that were made for it.
 */
import type { ServedRevision } from "./contract.ts";
import { parseVModelId, vmodelIdOfModel } from "./identity.ts";
import type { ModelTable } from "./model-table.ts";
import type { VModelRecord } from "./records.ts";
import { type RoutingTable, routeOf } from "./routing-table.ts";
import { ShardedIndex } from "./sharded-index.ts";

/** What {@link ServiceRoutes} works on. */
export interface ServiceRoutesDeps {
  /** What it keeps true. */
  readonly routes: RoutingTable;
  /** What it reads the revisions of models from. */
  readonly models: Pick<ModelTable, "revisionOf">;
}

/** See the module. */
export class ServiceRoutes {
  readonly #deps: ServiceRoutesDeps;
  /** Models by the service they were made for. */
  readonly #modelsOf = new ShardedIndex();

  constructor(deps: ServiceRoutesDeps) {
    this.#deps = deps;
  }

  /** Takes a model in, or its new revision; gives the vmodel whose route may be another one now. */
  addModel(modelId: string): string | undefined {
    const vmodelId = vmodelIdOfModel(modelId);
    if (vmodelId !== undefined) this.#modelsOf.add(vmodelId, modelId);
    return vmodelId;
  }

  /** Takes a model out; gives the vmodel whose route may be another one now. */
  removeModel(modelId: string): string | undefined {
    const vmodelId = vmodelIdOfModel(modelId);
    if (vmodelId !== undefined) this.#modelsOf.delete(vmodelId, modelId);
    return vmodelId;
  }

  /** Makes the route of a vmodel that of its record; `undefined`: there is none. */
  update(vmodelId: string, vmodel: VModelRecord | undefined): void {
    const { routes } = this.#deps;
    const route = vmodel && routeOf(vmodelId, vmodel, this.#otherRevisions(vmodelId, vmodel));
    const parsed = parseVModelId(vmodelId);
    if (route) routes.set(route);
    else if (parsed) routes.delete(parsed.namespace, parsed.name);
  }

  /** Not the target of a transition, which does not serve yet. Newest first. */
  #otherRevisions(vmodelId: string, vmodel: VModelRecord): readonly ServedRevision[] {
    const others: ServedRevision[] = [];
    for (const modelId of this.#modelsOf.of(vmodelId)) {
      const revision = this.#deps.models.revisionOf(modelId);
      if (revision !== undefined && modelId !== vmodel.activeModelId && modelId !== vmodel.targetModelId)
        others.push({ revision, modelId });
    }
    return others.toSorted((a, b) => b.revision - a.revision);
  }
}
