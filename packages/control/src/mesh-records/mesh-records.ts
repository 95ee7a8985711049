/** A copy of the mesh's vmodels and models kept true by listing and watching them: what statuses are made of. */
import type { Clock, Log, Random } from "@modelyard/core";
import {
  decodeModelRecord,
  decodeVModelRecord,
  type ModelRecord,
  registryPrefix,
  type Stored,
  type VModelRecord,
  vmodelIdOfModel,
  vmodelPrefix,
} from "@modelyard/mesh";
import { type KeyValue, listAndWatch, type Store, type WatchBatch } from "@modelyard/store";

/** What the copy is given. */
export interface MeshRecordsDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** The copy. */
export interface MeshRecords {
  /** Resolves when both prefixes were read once. */
  readonly synced: Promise<void>;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  vmodel(vmodelId: string): Stored<VModelRecord> | undefined;
  model(modelId: string): Stored<ModelRecord> | undefined;
  /** Every vmodel's id. */
  vmodelIds(): Iterable<string>;
  models(): Iterable<Stored<ModelRecord>>;
  /** Calls back with the id of each vmodel of which something changed; returns what ends that. */
  subscribe(onVModel: (vmodelId: string) => void): () => void;
}

interface Side<R> {
  readonly prefix: string;
  readonly decode: (bytes: Uint8Array) => R | undefined;
  /** Which vmodel a key is about. */
  readonly vmodelOf: (id: string) => string | undefined;
}

/** Starts to keep the copy. */
export function startMeshRecords(deps: MeshRecordsDeps): MeshRecords {
  const listeners = new Set<(vmodelId: string) => void>();
  const tell = (vmodelId: string): void => {
    for (const listener of listeners) listener(vmodelId);
  };
  const vmodels = follow({ prefix: vmodelPrefix, decode: decodeVModelRecord, vmodelOf: (id) => id }, deps, tell);
  const models = follow({ prefix: registryPrefix, decode: decodeModelRecord, vmodelOf: vmodelIdOfModel }, deps, tell);
  return {
    synced: Promise.all([vmodels.synced, models.synced]).then(() => {}),
    ended: Promise.all([vmodels.ended, models.ended]).then(() => {}),
    vmodel: (vmodelId) => vmodels.copy.get(vmodelId),
    model: (modelId) => models.copy.get(modelId),
    vmodelIds: () => vmodels.copy.keys(),
    models: () => models.copy.values(),
    subscribe(onVModel) {
      listeners.add(onVModel);
      return () => void listeners.delete(onVModel);
    },
  };
}

interface Followed<R> {
  readonly copy: ReadonlyMap<string, Stored<R>>;
  readonly synced: Promise<void>;
  readonly ended: Promise<void>;
}

function follow<R>(side: Side<R>, deps: MeshRecordsDeps, tell: (vmodelId: string) => void): Followed<R> {
  const { store, clock, random, log, signal } = deps;
  const copy = new Map<string, Stored<R>>();
  const first = Promise.withResolvers<void>();
  const put = ({ key, value, modRevision }: KeyValue): void => {
    const id = key.slice(side.prefix.length);
    const record = side.decode(value);
    if (record === undefined) {
      log.warn("A record of the mesh cannot be read", { key });
      copy.delete(id);
    } else copy.set(id, { record, modRevision });
    changed(id);
  };
  const changed = (id: string): void => {
    const vmodelId = side.vmodelOf(id);
    if (vmodelId !== undefined) tell(vmodelId);
  };
  const onReset = (keyValues: readonly KeyValue[]): void => {
    const before = [...copy.keys()];
    copy.clear();
    for (const keyValue of keyValues) put(keyValue);
    for (const id of before) if (!copy.has(id)) changed(id);
    first.resolve();
  };
  const onEvents = (batch: WatchBatch): void => {
    for (const { kind, keyValue } of batch.events) {
      if (kind === "put") put(keyValue);
      else {
        const id = keyValue.key.slice(side.prefix.length);
        copy.delete(id);
        changed(id);
      }
    }
  };
  const ended = listAndWatch(store, side.prefix, { clock, random, log, signal, onReset, onEvents }).catch((error: unknown) => {
    if (!signal.aborted) log.error("The records of the mesh are no longer followed", error, { prefix: side.prefix });
  });
  return { copy, synced: first.promise, ended };
}
