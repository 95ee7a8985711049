/** REST paths of objects, as Kubernetes lays them out (kubernetes.io/docs/reference/using-api/api-concepts). */
import { apiVersionOf } from "@modelyard/api";
import type { KubernetesObject, ObjectKey, ResourceKind } from "./contract.ts";

/** Kind as far as paths need it. */
export type PathKind = Pick<ResourceKind, "group" | "version" | "plural" | "namespaced">;

/** Path of a kind's objects; of one namespace when it is given. */
export function collectionPath(kind: PathKind, namespace?: string): string {
  const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${apiVersionOf(kind)}`;
  const scope = kind.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${scope}/${kind.plural}`;
}

/** Path of one object. A key of a namespaced kind without a namespace means `default`. */
export function objectPath(kind: PathKind, key: ObjectKey): string {
  return `${collectionPath(kind, namespaceOf(kind, key))}/${encodeURIComponent(key.name)}`;
}

/** Namespace a key means: none for cluster kinds, else its own or `default`. */
export function namespaceOf(kind: Pick<PathKind, "namespaced">, key: { readonly namespace?: string }): string | undefined {
  return kind.namespaced ? (key.namespace ?? "default") : undefined;
}

/** Key of an object. */
export function keyOf(object: Pick<KubernetesObject, "metadata">): ObjectKey {
  const { name, namespace } = object.metadata;
  return namespace === undefined ? { name } : { namespace, name };
}

/** A key as one text: `namespace/name`, or `name` for cluster kinds. */
export function keyText(key: ObjectKey): string {
  return key.namespace === undefined ? key.name : `${key.namespace}/${key.name}`;
}

/** The key behind {@link keyText}. */
export function keyOfText(text: string): ObjectKey {
  const slash = text.indexOf("/");
  return slash === -1 ? { name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}
