/**
 * Watches objects in the store. With a selector, an object that begins to match is ADDED and one that ceases to is DELETED, whatever happened to it,
 * as a Kubernetes API server reports it.
 */
import { failure } from "@modelyard/core";
import type { Store, Watch, WatchEvent } from "@modelyard/store";
import type { KubernetesObject, ListOptions, ObjectEvent, ResourceKind } from "../contract.ts";
import { type Predicate, parseSelection } from "../selectors.ts";
import { listObjects, resourceError } from "./list-objects.ts";
import { rangeOf } from "./object-keys.ts";
import { decodeObject } from "./stored-object.ts";

/** Options of {@link watchObjects}. */
export type WatchObjectsOptions = ListOptions & { readonly resourceVersion?: string };

/** Changes of the objects asked for; ends quietly when the signal aborts, with `RESOURCE_EXPIRED` when history was lost. */
export async function* watchObjects<T extends KubernetesObject>(
  store: Store,
  kind: ResourceKind<T>,
  options: WatchObjectsOptions,
): AsyncGenerator<ObjectEvent<T>, void, undefined> {
  const { matches, name } = parseSelection(options);
  if (options.signal?.aborted) return;
  let resourceVersion = options.resourceVersion ?? "0";
  if (resourceVersion === "" || resourceVersion === "0") {
    const { limit: _limit, continue: _continue, ...all } = options;
    const present = await listObjects(store, kind, all);
    for (const object of present.items) yield { type: "ADDED", object };
    resourceVersion = present.resourceVersion;
  }
  const range = rangeOf(kind, { ...options, ...(name === undefined ? {} : { name }) });
  const watch = store.watch({ range, startRevision: revisionOf(resourceVersion) + 1, previous: true });
  yield* eventsOf<T>(watch, { matches, resourceVersion, signal: options.signal });
}

interface EventContext {
  readonly matches: Predicate;
  readonly resourceVersion: string;
  readonly signal: AbortSignal | undefined;
}

async function* eventsOf<T extends KubernetesObject>(watch: Watch, context: EventContext): AsyncGenerator<ObjectEvent<T>, void, undefined> {
  const { matches, resourceVersion, signal } = context;
  const onAbort = (): void => watch.close();
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  try {
    // A version the store has not reached is one of another life of it: its history is not ours to continue.
    if ((await watch.started) < revisionOf(resourceVersion)) throw failure("RESOURCE_EXPIRED", { resourceVersion });
    for await (const batch of watch) {
      for (const change of batch.events) {
        const event = objectEvent<T>(change, matches);
        if (event) yield event;
      }
    }
  } catch (error) {
    if (signal?.aborted) return;
    throw resourceError(error, resourceVersion);
  } finally {
    signal?.removeEventListener("abort", onAbort);
    watch.close();
  }
}

function objectEvent<T extends KubernetesObject>(change: WatchEvent, matches: Predicate): ObjectEvent<T> | undefined {
  const { modRevision, value } = change.keyValue;
  const before = change.previous ? decodeObject<T>(change.previous.value, modRevision) : undefined;
  const wasMeant = before !== undefined && matches(before);
  if (change.kind === "delete") return wasMeant ? { type: "DELETED", object: before } : undefined;
  const object = decodeObject<T>(value, modRevision);
  if (matches(object)) return { type: wasMeant ? "MODIFIED" : "ADDED", object };
  // What no longer matches is reported as it was, with the version of the change.
  return wasMeant ? { type: "DELETED", object: before } : undefined;
}

/** The revision behind a resource version; `INVALID_ARGUMENT` when it is no number. */
function revisionOf(resourceVersion: string): number {
  const revision = Number(resourceVersion);
  if (/^\d+$/.test(resourceVersion) && Number.isSafeInteger(revision)) return revision;
  throw failure("INVALID_ARGUMENT", { what: `The resource version "${resourceVersion}" is not a whole number` });
}
