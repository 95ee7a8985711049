/** The verbs of the API on one kind, free of HTTP: create, replace, patch, delete, delete collection. */
import { type KindDefinition, resourceNameOf } from "@modelyard/api";
import { failure, PlatformError } from "@modelyard/core";
import {
  type KubernetesObject,
  keyOf,
  type ListOptions,
  type ObjectKey,
  type Preconditions,
  type StoreResources,
} from "@modelyard/resources";
import { type Admitted, admit, type FieldValidation } from "./admission.ts";
import { checkNamespaceDeletion, ensureNamespace } from "./namespaces.ts";
import { applyPatch, type PatchMediaType } from "./patch/apply-patch.ts";

/** A write. */
export interface WriteRequest {
  readonly kind: KindDefinition;
  readonly key: { readonly namespace?: string; readonly name?: string };
  readonly body: unknown;
  readonly validation: FieldValidation;
  /** Which part is written. */
  readonly part: "object" | "status";
}

/** What a write stored. */
export interface Written extends Admitted {
  readonly isNew: boolean;
}

/** Writers that met while a patch was applied, and are tried again. */
const maxPatchAttempts = 5;

/** Creates the object of a request, and its namespace where that is missing. */
export async function createObject(client: StoreResources, request: WriteRequest): Promise<Written> {
  const { kind, key: place, validation } = request;
  const { object, warnings } = admit(kind, request.body, { place, validation });
  const withPhase = kind.kind === "Namespace" ? { ...object, status: { phase: "Active" } } : object;
  // Checked first, so that a refused object leaves no namespace behind.
  kind.parse({
    ...withPhase,
    metadata: { ...withPhase.metadata, name: withPhase.metadata.name || `${withPhase.metadata.generateName ?? ""}x` },
  });
  if (object.metadata.namespace !== undefined) await ensureNamespace(client, object.metadata.namespace);
  return { object: await client.create(kind, withPhase), warnings, isNew: true };
}

/** Replaces the object of a request, or its status. */
export async function replaceObject(client: StoreResources, request: WriteRequest): Promise<Written> {
  const { kind, key: place, validation } = request;
  const { object, warnings } = admit(kind, request.body, { place, validation });
  return { object: await writePart(client, request, object), warnings, isNew: false };
}

/** Applies a patch to what is stored, and again when somebody else was faster; server-side apply creates what is missing. */
export async function patchObject(client: StoreResources, request: WriteRequest & { readonly type: PatchMediaType }): Promise<Written> {
  const { kind, type, body } = request;
  const isPinned = pinsVersion(body);
  for (let attempt = 1; ; attempt++) {
    const current = await currentObject(client, request);
    if (!current) {
      if (type === "application/apply-patch+yaml") return createObject(client, request);
      throw failure("RESOURCE_NOT_FOUND", { resource: resourceNameOf(kind), name: request.key.name ?? "" });
    }
    try {
      return await replaceObject(client, { ...request, body: withoutManagers(applyPatch(kind, current, { type, body })) });
    } catch (error) {
      const isConflict = PlatformError.is(error) && error.reason === "RESOURCE_CONFLICT";
      if (!isConflict || isPinned || attempt >= maxPatchAttempts) throw error;
    }
  }
}

interface DeleteTarget {
  readonly kind: KindDefinition;
  readonly key: ObjectKey;
  readonly options: DeleteOptions;
  /** Every kind there is: what may depend on the object. */
  readonly kinds: readonly KindDefinition[];
}

/** Deletes one object. With `Orphan` its dependents are let go first; `Foreground` is as `Background`: they go shortly after. */
export async function deleteObject(client: StoreResources, target: DeleteTarget): Promise<KubernetesObject> {
  const { kind, key, options, kinds } = target;
  if (kind.kind === "Namespace") return deleteNamespace(client, target);
  if (options.propagationPolicy === "Orphan") await releaseDependents(client, await client.get(kind, key), kinds);
  return client.delete(kind, key, options.preconditions);
}

/**
 * Deletes a namespace and what was in it. The namespace goes first: were it refused, nothing is lost. A crash in between leaves the rest to the sweep of
 * orphans, which alone would come too late for a namespace that is made again at once.
 */
async function deleteNamespace(client: StoreResources, target: DeleteTarget): Promise<KubernetesObject> {
  const { kind, key, options } = target;
  checkNamespaceDeletion(key.name);
  const contents: (readonly [KindDefinition, readonly KubernetesObject[]])[] = [];
  for (const one of target.kinds) if (one.namespaced) contents.push([one, (await client.list(one, { namespace: key.name })).items]);
  const deleted = await client.delete(kind, key, options.preconditions);
  for (const [one, objects] of contents) await deleteAll(client, one, objects);
  return deleted;
}

/** Deletes what a selector names; returns what was deleted. */
export async function deleteCollection(
  client: StoreResources,
  kind: KindDefinition,
  options: ListOptions,
): Promise<readonly KubernetesObject[]> {
  return deleteAll(client, kind, (await client.list(kind, options)).items);
}

/** Deletes these very objects; returns those that were still there. */
async function deleteAll(
  client: StoreResources,
  kind: KindDefinition,
  objects: readonly KubernetesObject[],
): Promise<readonly KubernetesObject[]> {
  const deleted: KubernetesObject[] = [];
  for (const object of objects) {
    if (kind.kind === "Namespace") checkNamespaceDeletion(object.metadata.name);
    const { uid } = object.metadata;
    try {
      deleted.push(await client.delete(kind, keyOf(object), uid === undefined ? {} : { uid }));
    } catch (error) {
      // Gone already, which is what was wanted, or another of its name by now.
      const isGone = PlatformError.is(error) && (error.reason === "RESOURCE_NOT_FOUND" || error.reason === "RESOURCE_CONFLICT");
      if (!isGone) throw error;
    }
  }
  return deleted;
}

/** How to delete (meta/v1 DeleteOptions). */
export interface DeleteOptions {
  readonly preconditions: Preconditions;
  readonly propagationPolicy: "Orphan" | "Background" | "Foreground";
}

/** Reads DeleteOptions from a request's body and query; absent ones are Kubernetes' defaults. */
export function parseDeleteOptions(body: unknown, query: Readonly<Record<string, string | undefined>>): DeleteOptions {
  const given = isObject(body) ? body : {};
  const wanted = isObject(given["preconditions"]) ? given["preconditions"] : {};
  const { uid, resourceVersion } = wanted;
  const policy = given["propagationPolicy"] ?? query["propagationPolicy"] ?? "Background";
  if (policy !== "Orphan" && policy !== "Background" && policy !== "Foreground") {
    throw failure("INVALID_ARGUMENT", { what: `The propagation policy ${JSON.stringify(policy)} is not known` });
  }
  return {
    preconditions: {
      ...(typeof uid === "string" ? { uid } : {}),
      ...(typeof resourceVersion === "string" ? { resourceVersion } : {}),
    },
    propagationPolicy: policy,
  };
}

async function writePart(client: StoreResources, request: WriteRequest, object: KubernetesObject): Promise<KubernetesObject> {
  return request.part === "status" ? client.updateStatus(request.kind, object) : client.update(request.kind, object);
}

async function currentObject(client: StoreResources, { kind, key }: WriteRequest): Promise<KubernetesObject | undefined> {
  try {
    return await client.get(kind, { ...key, name: key.name ?? "" });
  } catch (error) {
    if (PlatformError.is(error) && error.reason === "RESOURCE_NOT_FOUND") return undefined;
    throw error;
  }
}

async function releaseDependents(client: StoreResources, owner: KubernetesObject, kinds: readonly KindDefinition[]): Promise<void> {
  for (const kind of kinds) {
    const { items } = await client.list(kind, owner.metadata.namespace === undefined ? {} : { namespace: owner.metadata.namespace });
    for (const object of items) {
      const { ownerReferences = [] } = object.metadata;
      const others = ownerReferences.filter(({ uid }) => uid !== owner.metadata.uid);
      if (others.length < ownerReferences.length)
        await client.update(kind, { ...object, metadata: { ...object.metadata, ownerReferences: others } });
    }
  }
}

function pinsVersion(patch: unknown): boolean {
  return isObject(patch) && isObject(patch["metadata"]) && typeof patch["metadata"]["resourceVersion"] === "string";
}

/** Appliers send an empty list of managers; who owns which field is not tracked. */
function withoutManagers(object: unknown): unknown {
  if (!isObject(object) || !isObject(object["metadata"])) return object;
  const { managedFields: _managers, ...metadata } = object["metadata"];
  return { ...object, metadata };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
