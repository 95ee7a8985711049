/**
 * Kubernetes objects as a library. One client interface with three transports: HTTP to our API server or a real one, and in process over a store.
 * Semantics are Kubernetes': optimistic concurrency by `resourceVersion`, watches that end with `RESOURCE_EXPIRED` (410 Gone) and are restarted from a list.
 */

/** A reference to an owner; the object goes when its last owner goes. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

/** Metadata of an object. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly generateName?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
  readonly [unknownField: string]: unknown;
}

/** Any object. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** A kind as the REST paths name it. `group` is "" for core. */
export interface ResourceKind<T extends KubernetesObject = KubernetesObject> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  readonly hasStatus: boolean;
  /** Checks and types an object; throws `RESOURCE_INVALID` naming each field path. Unknown fields are kept. */
  readonly parse: (value: unknown) => T;
}

/** Which object. `namespace` is absent for cluster kinds. */
export interface ObjectKey {
  readonly namespace?: string;
  readonly name: string;
}

/** Which objects. */
export interface ListOptions {
  /** Absent = all namespaces. */
  readonly namespace?: string;
  /** Kubernetes syntax: `a=b,c!=d,e in (f,g),!h`. */
  readonly labelSelector?: string;
  /** `metadata.name=x` and `metadata.namespace=y`; `involvedObject.name` and `.kind` for Event. */
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly signal?: AbortSignal;
}

/** A page of objects. */
export interface ObjectList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  readonly continue?: string;
}

/** One change. */
export interface ObjectEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: T;
}

/** Typed access to objects. Failures: `RESOURCE_NOT_FOUND`, `RESOURCE_EXISTS`, `RESOURCE_CONFLICT`, `RESOURCE_INVALID`, `RESOURCE_EXPIRED`, `API_UNREACHABLE`. */
export interface ResourceClient {
  get<T extends KubernetesObject>(kind: ResourceKind<T>, key: ObjectKey, options?: { readonly signal?: AbortSignal }): Promise<T>;
  list<T extends KubernetesObject>(kind: ResourceKind<T>, options?: ListOptions): Promise<ObjectList<T>>;
  /** From just after `resourceVersion`; absent: first the present state as ADDED events, then changes. Ends when the signal aborts. */
  watch<T extends KubernetesObject>(
    kind: ResourceKind<T>,
    options?: ListOptions & { readonly resourceVersion?: string },
  ): AsyncIterable<ObjectEvent<T>>;
  create<T extends KubernetesObject>(kind: ResourceKind<T>, object: T): Promise<T>;
  /** Replaces spec and metadata; status is left alone for kinds with a status. A `resourceVersion` in the object must be the current one. */
  update<T extends KubernetesObject>(kind: ResourceKind<T>, object: T): Promise<T>;
  updateStatus<T extends KubernetesObject>(kind: ResourceKind<T>, object: T): Promise<T>;
  delete<T extends KubernetesObject>(kind: ResourceKind<T>, key: ObjectKey, options?: { readonly resourceVersion?: string }): Promise<T>;
}
