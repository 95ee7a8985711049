/**
 * What a write makes of an object: pure functions from what is stored and what was sent to what is to be stored.
 *
 * Rules are those of Kubernetes: identity and times are the server's, `status` and the rest are written apart, and `generation` counts changes
 * of what is wanted (everything but metadata and status).
 */
import { isDeepStrictEqual } from "node:util";
import { resourceNameOf } from "@modelyard/api";
import { failure } from "@modelyard/core";
import type { KubernetesObject, ObjectMeta, ResourceKind } from "../contract.ts";
import { namespaceOf } from "../paths.ts";

/** What the server gives a new object. */
export interface NewIdentity {
  readonly uid: string;
  /** RFC 3339, whole seconds. */
  readonly now: string;
  /** Added to `generateName`. */
  readonly nameSuffix: string;
}

/** The object a creation stores. */
export function prepareCreate<T extends KubernetesObject>(kind: ResourceKind<T>, object: T, identity: NewIdentity): T {
  const { status: _status, ...wanted } = object;
  const sent = object.metadata;
  const namespace = namespaceOf(kind, sent);
  const name = sent.name || (sent.generateName === undefined ? "" : sent.generateName + identity.nameSuffix);
  const { resourceVersion: _revision, deletionTimestamp: _deletion, deletionGracePeriodSeconds: _grace, ...kept } = sent;
  const metadata: ObjectMeta = {
    ...kept,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid: identity.uid,
    creationTimestamp: identity.now,
    ...(Object.hasOwn(object, "spec") ? { generation: 1 } : {}),
  };
  return kind.parse({ ...(kind.hasStatus ? wanted : object), metadata });
}

/** The object an update stores; the very object that is stored already when nothing changes. */
export function prepareUpdate<T extends KubernetesObject>(kind: ResourceKind<T>, current: T, sent: T): T {
  checkPreconditions(kind, current, sent.metadata);
  const { status: _status, ...wanted } = sent;
  const body: Readonly<Record<string, unknown>> = kind.hasStatus ? { ...wanted, ...statusOf(current) } : sent;
  const isSameWish = isDeepStrictEqual(wishOf(body), wishOf(current));
  const generation = current.metadata.generation;
  const metadata: ObjectMeta = {
    ...sent.metadata,
    ...serverOwned(current.metadata),
    ...(generation === undefined ? {} : { generation: isSameWish ? generation : generation + 1 }),
  };
  return sameOrParsed(kind, current, { ...body, metadata });
}

/** The object a status update stores; the very object that is stored already when nothing changes. */
export function prepareStatus<T extends KubernetesObject>(kind: ResourceKind<T>, current: T, sent: T): T {
  checkPreconditions(kind, current, sent.metadata);
  const { status: _status, ...rest } = current;
  return sameOrParsed(kind, current, { ...rest, ...statusOf(sent) });
}

/** The object a deletion stores while finalizers hold it; undefined when it goes at once. */
export function prepareDelete<T extends KubernetesObject>(current: T, now: string): T | undefined {
  if ((current.metadata.finalizers ?? []).length === 0) return undefined;
  if (current.metadata.deletionTimestamp !== undefined) return current;
  return { ...current, metadata: { ...current.metadata, deletionTimestamp: now, deletionGracePeriodSeconds: 0 } };
}

/** Whether nothing holds a deleted object any longer. */
export function isReleased(object: KubernetesObject): boolean {
  return object.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length === 0;
}

/** What a write or a deletion demands of the stored object. */
export interface Preconditions {
  readonly resourceVersion?: string;
  readonly uid?: string;
}

/** `RESOURCE_CONFLICT` when the stored object is not the one that is meant. */
export function checkPreconditions(kind: ResourceKind, current: KubernetesObject, wanted: Preconditions): void {
  const { name, uid, resourceVersion } = current.metadata;
  const resource = resourceNameOf(kind);
  if (wanted.uid !== undefined && wanted.uid !== uid) {
    throw failure("RESOURCE_CONFLICT", { resource, name, why: `its uid is ${String(uid)} where ${wanted.uid} is wanted` });
  }
  if (wanted.resourceVersion !== undefined && wanted.resourceVersion !== "" && wanted.resourceVersion !== resourceVersion) {
    const why = `it is at resource version ${String(resourceVersion)} where ${wanted.resourceVersion} is wanted`;
    throw failure("RESOURCE_CONFLICT", { resource, name, why });
  }
}

function sameOrParsed<T extends KubernetesObject>(kind: ResourceKind<T>, current: T, next: Readonly<Record<string, unknown>>): T {
  const parsed = kind.parse(next);
  return isDeepStrictEqual(parsed, current) ? current : parsed;
}

/** Everything but metadata and status. */
function wishOf(object: Readonly<Record<string, unknown>>): unknown {
  const { metadata: _metadata, status: _status, ...wish } = object;
  return wish;
}

function statusOf(object: KubernetesObject): { readonly status?: unknown } {
  return Object.hasOwn(object, "status") ? { status: object["status"] } : {};
}

/** Metadata a client cannot change; absent members stay absent. */
function serverOwned(metadata: ObjectMeta): Partial<ObjectMeta> {
  const owned = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"];
  return Object.fromEntries(owned.filter((field) => metadata[field] !== undefined).map((field) => [field, metadata[field]]));
}
