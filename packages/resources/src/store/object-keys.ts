/** Where objects lie in the store: `/registry/[group/]plural/[namespace/]name`, as a Kubernetes API server keeps them. */
import type { KeyRange } from "@modelyard/store";
import type { ObjectKey, ResourceKind } from "../contract.ts";
import { namespaceOf } from "../paths.ts";

/** Root of every object's key. */
const registryRoot = "/registry/";

/** Key prefix of a kind's objects; of one namespace when it is given. */
function collectionPrefix(kind: ResourceKind, namespace?: string): string {
  const group = kind.group === "" ? "" : `${kind.group}/`;
  const scope = kind.namespaced && namespace !== undefined ? `${namespace}/` : "";
  return `${registryRoot}${group}${kind.plural}/${scope}`;
}

/** Key of one object. */
export function objectStoreKey(kind: ResourceKind, key: ObjectKey): string {
  return collectionPrefix(kind, namespaceOf(kind, key)) + key.name;
}

/** The narrowest range that holds every object asked for. */
export function rangeOf(kind: ResourceKind, wanted: { readonly namespace?: string; readonly name?: string }): KeyRange {
  const { namespace, name } = wanted;
  const isOne = name !== undefined && (!kind.namespaced || namespace !== undefined);
  if (!isOne) return { kind: "prefix", prefix: collectionPrefix(kind, namespace) };
  return { kind: "key", key: collectionPrefix(kind, namespace) + name };
}
