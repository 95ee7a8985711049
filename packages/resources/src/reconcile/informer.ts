/**
 * A copy of a kind's objects kept true by a list and a watch. When the watch expires or breaks everything is listed again and compared, so that
 * a deletion which was missed is still noticed.
 */
import { type Clock, type Log, PlatformError, type Random, sleep } from "@modelyard/core";
import { backOffMs } from "../back-off.ts";
import type { KubernetesObject, ListOptions, ObjectEvent, ObjectKey, ResourceClient, ResourceKind } from "../contract.ts";
import { keyOf, keyText } from "../paths.ts";

/** Options of {@link startInformer}. */
export interface InformerOptions<T extends KubernetesObject> {
  readonly client: ResourceClient;
  readonly kind: ResourceKind<T>;
  /** Which objects. Default all. */
  readonly selection?: Pick<ListOptions, "namespace" | "labelSelector" | "fieldSelector">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** The copy. */
export interface Informer<T extends KubernetesObject> {
  /** Resolves when the first list is in; rejects with the signal's reason when it ends before. */
  readonly synced: Promise<void>;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  get(key: ObjectKey): T | undefined;
  /** In no particular order. */
  list(): readonly T[];
  /** Calls back with the key of every object that appears, changes or goes. Returns what ends that. */
  subscribe(onKey: (key: string) => void): () => void;
}

const relist = { baseMs: 100, maxMs: 10_000 };

/** Starts to keep a copy. */
export function startInformer<T extends KubernetesObject>(options: InformerOptions<T>): Informer<T> {
  const copy = new Map<string, T>();
  const listeners = new Set<(key: string) => void>();
  const first = Promise.withResolvers<void>();
  // A caller that does not wait for it has no use for its failure.
  first.promise.catch(() => {});
  const tell = (key: string): void => {
    for (const listener of listeners) listener(key);
  };
  const ended = follow(options, { copy, tell, synced: first.resolve }).finally(() => first.reject(options.signal.reason));
  return {
    synced: first.promise,
    ended,
    get: (key) => copy.get(keyText(key)),
    list: () => [...copy.values()],
    subscribe(onKey) {
      listeners.add(onKey);
      return () => void listeners.delete(onKey);
    },
  };
}

interface Copy<T> {
  readonly copy: Map<string, T>;
  readonly tell: (key: string) => void;
  readonly synced: () => void;
}

async function follow<T extends KubernetesObject>(options: InformerOptions<T>, state: Copy<T>): Promise<void> {
  const { signal, kind, log, clock, random } = options;
  let failures = 0;
  while (!signal.aborted) {
    try {
      for await (const _ of listAndFollow(options, state)) failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      const isExpired = PlatformError.is(error) && error.reason === "RESOURCE_EXPIRED";
      if (!isExpired) log.warn("An informer lists again after a failure", { kind: kind.kind, reason: PlatformError.from(error).reason });
    }
    failures++;
    // Rejects only because the signal was aborted, which ends the loop.
    await sleep(clock, backOffMs(relist, failures, random), signal).catch(() => {});
  }
}

/** Yields once after each step that worked. */
async function* listAndFollow<T extends KubernetesObject>(
  options: InformerOptions<T>,
  state: Copy<T>,
): AsyncGenerator<void, void, undefined> {
  const { client, kind, selection = {}, signal } = options;
  const present = await client.list(kind, { ...selection, signal });
  replaceAll(present.items, state);
  state.synced();
  yield;
  for await (const event of client.watch(kind, { ...selection, signal, resourceVersion: present.resourceVersion })) {
    applyEvent(event, state);
    yield;
  }
}

function replaceAll<T extends KubernetesObject>(items: readonly T[], { copy, tell }: Copy<T>): void {
  const gone = new Set(copy.keys());
  for (const object of items) {
    const key = keyText(keyOf(object));
    gone.delete(key);
    const known = copy.get(key);
    copy.set(key, object);
    if (known?.metadata.resourceVersion !== object.metadata.resourceVersion) tell(key);
  }
  for (const key of gone) {
    copy.delete(key);
    tell(key);
  }
}

function applyEvent<T extends KubernetesObject>(event: ObjectEvent<T>, { copy, tell }: Copy<T>): void {
  if (event.type === "BOOKMARK") return;
  const key = keyText(keyOf(event.object));
  if (event.type === "DELETED") copy.delete(key);
  else copy.set(key, event.object);
  tell(key);
}
