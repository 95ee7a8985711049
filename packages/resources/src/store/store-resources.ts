/**
 * Objects over the store, in process, with the semantics of a Kubernetes API server: uid, resource version (the store's revision), generation, status
 * apart from the rest, finalizers, selectors, pages at one revision, watches that expire. The API server is a thin shell over this.
 *
 * Invariant: every write is one transaction that compares the revision of what it replaces.
 */
import { resourceNameOf } from "@modelyard/api";
import { type Clock, failure, type Random } from "@modelyard/core";
import { compareModRevision, deleteOperation, getKey, type Operation, putOperation, type Store } from "@modelyard/store";
import type { KubernetesObject, ObjectKey, ResourceClient, ResourceKind } from "../contract.ts";
import { keyOf } from "../paths.ts";
import { listObjects } from "./list-objects.ts";
import { randomNameSuffix, randomUid } from "./new-identity.ts";
import { objectStoreKey } from "./object-keys.ts";
import {
  checkPreconditions,
  isReleased,
  type Preconditions,
  prepareCreate,
  prepareDelete,
  prepareStatus,
  prepareUpdate,
} from "./prepare-object.ts";
import { encodeObject, objectIn, withResourceVersion } from "./stored-object.ts";
import { watchObjects } from "./watch-objects.ts";

/** What {@link storeResources} is given. */
export interface StoreResourcesDeps {
  readonly clock: Clock;
  readonly random: Random;
}

/** A {@link ResourceClient} that also deletes by uid. */
export interface StoreResources extends ResourceClient {
  delete<T extends KubernetesObject>(kind: ResourceKind<T>, key: ObjectKey, options?: Preconditions): Promise<T>;
}

/** Writers that met and are tried again, for writes that name no version. */
const maxAttempts = 10;

/** The objects in a store. */
export function storeResources(store: Store, deps: StoreResourcesDeps): StoreResources {
  const now = (): string => timestamp(deps.clock.nowMs());
  const change = <T extends KubernetesObject>(kind: ResourceKind<T>, key: ObjectKey, plan: (current: T) => Change<T>): Promise<T> =>
    changeObject({ store, kind, key }, plan);
  return {
    async get(kind, key, options = {}) {
      const keyValue = await getKey(store, objectStoreKey(kind, key), options);
      if (!keyValue) throw notFound(kind, key);
      return objectIn(keyValue);
    },
    list: (kind, options = {}) => listObjects(store, kind, options),
    watch: (kind, options = {}) => watchObjects(store, kind, options),
    async create(kind, object) {
      const identity = { uid: randomUid(deps.random), now: now(), nameSuffix: randomNameSuffix(deps.random) };
      const created = prepareCreate(kind, object, identity);
      const key = objectStoreKey(kind, keyOf(created));
      const answer = await store.transact({ compare: [compareModRevision(key, 0)], success: [putOperation(key, encodeObject(created))] });
      if (!answer.succeeded) throw failure("RESOURCE_EXISTS", { resource: resourceNameOf(kind), name: created.metadata.name });
      return withResourceVersion(created, answer.revision);
    },
    update: (kind, object) =>
      change(kind, keyOf(object), (current) => {
        const next = prepareUpdate(kind, current, object);
        return isReleased(next) ? { kind: "delete", object: next } : { kind: "put", object: next };
      }),
    updateStatus: (kind, object) =>
      change(kind, keyOf(object), (current) => ({ kind: "put", object: prepareStatus(kind, current, object) })),
    delete: (kind, key, options = {}) =>
      change(kind, key, (current) => {
        checkPreconditions(kind, current, options);
        const held = prepareDelete(current, now());
        return held ? { kind: "put", object: held } : { kind: "delete", object: current };
      }),
  };
}

interface Change<T> {
  readonly kind: "put" | "delete";
  readonly object: T;
}

interface Target<T extends KubernetesObject> {
  readonly store: Store;
  readonly kind: ResourceKind<T>;
  readonly key: ObjectKey;
}

/** Reads, plans and writes until no other writer comes between; `plan` throws when it may not. A plan that changes nothing writes nothing. */
async function changeObject<T extends KubernetesObject>(target: Target<T>, plan: (current: T) => Change<T>): Promise<T> {
  const { store, kind, key } = target;
  const storeKey = objectStoreKey(kind, key);
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const keyValue = await getKey(store, storeKey);
    if (!keyValue) throw notFound(kind, key);
    const current = objectIn<T>(keyValue);
    const wanted = plan(current);
    if (wanted.kind === "put" && wanted.object === current) return current;
    const operation: Operation = wanted.kind === "put" ? putOperation(storeKey, encodeObject(wanted.object)) : deleteOperation(storeKey);
    const answer = await store.transact({ compare: [compareModRevision(storeKey, keyValue.modRevision)], success: [operation] });
    if (answer.succeeded) return wanted.kind === "put" ? withResourceVersion(wanted.object, answer.revision) : wanted.object;
  }
  throw failure("RESOURCE_CONFLICT", { resource: resourceNameOf(kind), name: key.name, why: `${maxAttempts} other changes came between` });
}

function notFound(kind: ResourceKind, key: ObjectKey): Error {
  return failure("RESOURCE_NOT_FOUND", { resource: resourceNameOf(kind), name: key.name });
}

/** A time as objects carry it: RFC 3339, UTC, whole seconds. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
