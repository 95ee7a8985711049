/**
 * Which service a name means. Requests read it, the registry's watch changes it.
 *
 * Invariants: a route is never changed, only replaced; every change of what a request could see grows `epoch`; an object name wins over another
 * service's model name, and of equal model names the one whose object name sorts first. Changes are synchronous, so a request sees all of a
 * batch or nothing of it, and cost as much as what changed, not as much as the table.
 *
 * Budget (hot path): `find` three map lookups and a hash of the name, no allocation.
 */
import type { ServedRevision, ServiceRoute } from "./contract.ts";
import { parseVModelId } from "./identity.ts";
import type { VModelRecord } from "./records.ts";
import { ShardedMap } from "./sharded-map.ts";

interface NamespaceRoutes {
  readonly byObjectName: ShardedMap<ServiceRoute>;
  /** Object names that claim a model name other than their own. */
  readonly claims: ShardedMap<Set<string>>;
  /** What requests ask: object names and model names alike. */
  readonly byAnyName: ShardedMap<ServiceRoute>;
}

/** Routes by namespace and name. */
export class RoutingTable {
  readonly #namespaces = new Map<string, NamespaceRoutes>();
  #epoch = 0;

  /** Grows with every change. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The route an object name or model name means. */
  find(namespace: string, name: string): ServiceRoute | undefined {
    return this.#namespaces.get(namespace)?.byAnyName.get(name);
  }

  /** Routes of a namespace, or all, by namespace and object name. */
  list(namespace?: string): readonly ServiceRoute[] {
    const chosen = namespace === undefined ? [...this.#namespaces.values()] : [this.#namespaces.get(namespace)];
    return chosen.flatMap((routes) => (routes ? [...routes.byObjectName.values()] : [])).toSorted(byName);
  }

  /** Adds or replaces a route; without effect when nothing in it changed. */
  set(route: ServiceRoute): void {
    const routes = this.#open(route.namespace);
    const known = routes.byObjectName.get(route.name);
    if (known && sameRoute(known, route)) return;
    routes.byObjectName.set(route.name, route);
    if (known && known.modelName !== route.modelName) unclaim(routes, known);
    claim(routes, route);
    resolve(routes, [route.name, route.modelName, known?.modelName ?? route.name]);
    this.#epoch++;
  }

  /** Removes the route of an object name. */
  delete(namespace: string, name: string): void {
    const routes = this.#namespaces.get(namespace);
    const known = routes?.byObjectName.get(name);
    if (!routes || !known) return;
    routes.byObjectName.delete(name);
    unclaim(routes, known);
    resolve(routes, [name, known.modelName]);
    if (routes.byObjectName.size === 0) this.#namespaces.delete(namespace);
    this.#epoch++;
  }

  #open(namespace: string): NamespaceRoutes {
    const known = this.#namespaces.get(namespace);
    if (known) return known;
    const routes: NamespaceRoutes = { byObjectName: new ShardedMap(), claims: new ShardedMap(), byAnyName: new ShardedMap() };
    this.#namespaces.set(namespace, routes);
    return routes;
  }
}

/** The route of a vmodel; undefined when its id names no service. `others` are further revisions that are served. */
export function routeOf(vmodelId: string, vmodel: VModelRecord, others: readonly ServedRevision[] = []): ServiceRoute | undefined {
  const parsed = parseVModelId(vmodelId);
  if (!parsed) return undefined;
  const active = { revision: vmodel.activeRevision, modelId: vmodel.activeModelId };
  const isUnloaded = vmodel.unloadedModelId === vmodel.activeModelId;
  return { ...parsed, modelName: vmodel.modelName ?? parsed.name, active, revisions: [active, ...others], isUnloaded };
}

function claim(routes: NamespaceRoutes, route: ServiceRoute): void {
  if (route.modelName === route.name) return;
  const claimants = routes.claims.get(route.modelName) ?? new Set<string>();
  routes.claims.set(route.modelName, claimants.add(route.name));
}

function unclaim(routes: NamespaceRoutes, route: ServiceRoute): void {
  const claimants = routes.claims.get(route.modelName);
  claimants?.delete(route.name);
  if (claimants?.size === 0) routes.claims.delete(route.modelName);
}

function resolve(routes: NamespaceRoutes, names: readonly string[]): void {
  for (const name of names) {
    const claimant = [...(routes.claims.get(name) ?? [])].toSorted()[0];
    const route = routes.byObjectName.get(name) ?? (claimant === undefined ? undefined : routes.byObjectName.get(claimant));
    if (route) routes.byAnyName.set(name, route);
    else routes.byAnyName.delete(name);
  }
}

function sameRoute(a: ServiceRoute, b: ServiceRoute): boolean {
  if (a.modelName !== b.modelName || (a.isUnloaded ?? false) !== (b.isUnloaded ?? false) || a.revisions.length !== b.revisions.length)
    return false;
  return a.revisions.every((one, index) => {
    const other = b.revisions[index];
    return other?.modelId === one.modelId && other.revision === one.revision;
  });
}

function byName(a: ServiceRoute, b: ServiceRoute): number {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  return a.name < b.name ? -1 : 1;
}
