/**
 * Removes objects that nothing holds any longer: those whose owners are all gone, and those of a namespace that is gone.
 *
 * Reads every object of every kind. Writes deletions, each of the very object that was read (by uid). A crash in between leaves the rest to the next
 * pass. An owner of a kind that is not known here counts as present.
 */
import { apiVersionOf, namespaceKind } from "@modelyard/api";
import { PlatformError } from "@modelyard/core";
import type { KubernetesObject, ObjectKey, OwnerReference, ResourceKind } from "../contract.ts";
import { keyOf } from "../paths.ts";
import type { StoreResources } from "../store/store-resources.ts";

/** Deletes orphans of `kinds`; returns how many. */
export async function sweepOrphans(client: StoreResources, kinds: readonly ResourceKind[]): Promise<number> {
  const namespaces = await client.list(namespaceKind);
  const scope: Scope = { client, kinds, namespaces: new Set(namespaces.items.map((one) => one.metadata.name)) };
  let removed = 0;
  for (const kind of kinds) {
    const { items } = await client.list(kind);
    for (const object of items) {
      if (object.metadata.deletionTimestamp !== undefined) continue;
      if (!(await isOrphan(scope, object))) continue;
      await deleteVery(client, kind, object);
      removed++;
    }
  }
  return removed;
}

interface Scope {
  readonly client: StoreResources;
  readonly kinds: readonly ResourceKind[];
  /** Those that were there when the pass began; one that is not among them is looked up before anything is deleted. */
  readonly namespaces: ReadonlySet<string>;
}

async function isOrphan(scope: Scope, object: KubernetesObject): Promise<boolean> {
  const { namespace, ownerReferences = [] } = object.metadata;
  if (namespace !== undefined && !(await hasNamespace(scope, namespace))) return true;
  for (const owner of ownerReferences) if (await isPresent(scope, { owner, namespace })) return false;
  return ownerReferences.length > 0;
}

async function hasNamespace({ client, namespaces }: Scope, name: string): Promise<boolean> {
  return namespaces.has(name) || (await find(client, namespaceKind, { name })) !== undefined;
}

interface OwnedBy {
  readonly owner: OwnerReference;
  readonly namespace: string | undefined;
}

async function isPresent({ client, kinds }: Scope, { owner, namespace }: OwnedBy): Promise<boolean> {
  const kind = kinds.find((one) => one.kind === owner.kind && apiVersionOf(one) === owner.apiVersion);
  if (!kind) return true;
  const key = kind.namespaced && namespace !== undefined ? { namespace, name: owner.name } : { name: owner.name };
  return (await find(client, kind, key))?.metadata.uid === owner.uid;
}

async function find(client: StoreResources, kind: ResourceKind, key: ObjectKey): Promise<KubernetesObject | undefined> {
  try {
    return await client.get(kind, key);
  } catch (error) {
    if (isReason(error, "RESOURCE_NOT_FOUND")) return undefined;
    throw error;
  }
}

async function deleteVery(client: StoreResources, kind: ResourceKind, object: KubernetesObject): Promise<void> {
  const { uid } = object.metadata;
  try {
    await client.delete(kind, keyOf(object), uid === undefined ? {} : { uid });
  } catch (error) {
    // Somebody else removed it, or made another of the same name.
    if (!isReason(error, "RESOURCE_NOT_FOUND") && !isReason(error, "RESOURCE_CONFLICT")) throw error;
  }
}

function isReason(error: unknown, reason: string): boolean {
  return PlatformError.is(error) && error.reason === reason;
}
