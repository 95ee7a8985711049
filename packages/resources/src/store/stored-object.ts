/** Objects as bytes of the store. The resource version is not among them: it is the revision of the key. */
import { decodeJson, encodeJson, type KeyValue } from "@modelyard/store";
import type { KubernetesObject } from "../contract.ts";

/** Bytes of an object. */
export function encodeObject(object: KubernetesObject): Uint8Array {
  const { resourceVersion: _revision, ...metadata } = object.metadata;
  return encodeJson({ ...object, metadata });
}

/** The object in a key, as it stands at `revision`. */
export function decodeObject<T extends KubernetesObject>(value: Uint8Array, revision: number): T {
  // Only `encodeObject` writes under the registry's prefix, and only what `parse` of the kind let in.
  const object = decodeJson(value) as T;
  return withResourceVersion(object, revision);
}

/** The object in a key. */
export function objectIn<T extends KubernetesObject>(keyValue: KeyValue): T {
  return decodeObject<T>(keyValue.value, keyValue.modRevision);
}

/** The object with the resource version of a revision. */
export function withResourceVersion<T extends KubernetesObject>(object: T, revision: number): T {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}
