/**
 * What the store says, as this process knows it: models, vmodels, instances and the leader, kept true by one watch over `mesh/`, and the routes
 * that follow from it. It stays as it was while the store is away.
 *
 * Invariants: changes of one store transaction become visible together; nothing older replaces something newer, also not a watch event that
 * repeats what this process wrote itself.
 */
import type { Log } from "@modelyard/core";
import type { KeyValue, WatchBatch } from "@modelyard/store";
import type { ServedRevision } from "./contract.ts";
import { parseVModelId, vmodelIdOfModel } from "./identity.ts";
import { decodeInstanceRecord, decodeModelRecord, decodeVModelRecord } from "./record-codec.ts";
import {
  type InstanceRecord,
  instancePrefix,
  leaderKey,
  type ModelRecord,
  registryPrefix,
  type VModelRecord,
  vmodelPrefix,
} from "./records.ts";
import { RoutingTable, routeOf } from "./routing-table.ts";
import type { Stored } from "./vmodels/plan.ts";

/** Ids whose records changed; reported once a batch, after all of it is visible. */
export interface RegistryChange {
  readonly models: ReadonlySet<string>;
  readonly vmodels: ReadonlySet<string>;
  readonly instances: ReadonlySet<string>;
  readonly hasLeaderChanged: boolean;
}

/** Who leads. */
export interface LeaderFacts {
  readonly instanceId: string;
  readonly leaseId: number;
  readonly modRevision: number;
}

interface Changes {
  readonly models: Set<string>;
  readonly vmodels: Set<string>;
  readonly instances: Set<string>;
  hasLeaderChanged: boolean;
}

const decoder = new TextDecoder();

/** A copy of everything under `mesh/`. */
export class RegistryView {
  readonly models: Map<string, Stored<ModelRecord>> = new Map();
  readonly vmodels: Map<string, Stored<VModelRecord>> = new Map();
  readonly instances: Map<string, Stored<InstanceRecord>> = new Map();
  readonly routes: RoutingTable = new RoutingTable();
  readonly #log: Log;
  readonly #onChange: (change: RegistryChange) => void;
  /** Models by the service they were made for. */
  readonly #modelsOf = new Map<string, Set<string>>();
  /** vmodels by the models they refer to. */
  readonly #referrers = new Map<string, Set<string>>();
  #leader: LeaderFacts | undefined;
  #revision = 0;
  #isReady = false;

  constructor(options: { readonly log: Log; readonly onChange: (change: RegistryChange) => void }) {
    this.#log = options.log;
    this.#onChange = options.onChange;
  }

  /** False until everything was read once. */
  get isReady(): boolean {
    return this.#isReady;
  }

  get leader(): LeaderFacts | undefined {
    return this.#leader;
  }

  /** vmodels whose active or target a model is. */
  referrersOf(modelId: string): ReadonlySet<string> {
    return this.#referrers.get(modelId) ?? none;
  }

  /** Takes a whole list in place of what was known. */
  reset(keyValues: readonly KeyValue[], revision: number): void {
    const changes = noChanges();
    const listed = new Set(keyValues.map((one) => one.key));
    // It knew more once: another store, or one brought back from a copy. Its revisions say nothing about what is known here.
    const isAnotherHistory = revision < this.#revision;
    for (const [key, modRevision] of this.#known()) {
      if (isAnotherHistory || (!listed.has(key) && modRevision <= revision)) this.#remove(key, changes);
    }
    for (const keyValue of keyValues) this.#put(keyValue, changes);
    this.#revision = revision;
    this.#isReady = true;
    this.#publish(changes);
  }

  /** Takes changes. */
  apply(batch: WatchBatch): void {
    const changes = noChanges();
    for (const { kind, keyValue } of batch.events) {
      if (kind === "put") this.#put(keyValue, changes);
      else if (this.#modRevisionOf(keyValue.key) < keyValue.modRevision) this.#remove(keyValue.key, changes);
    }
    this.#revision = Math.max(this.#revision, batch.revision);
    this.#publish(changes);
  }

  /** Takes a model record that this process wrote or read itself, ahead of the watch. */
  note(modelId: string, stored: Stored<ModelRecord>): void {
    // The watch has been there: it knows this change and any later one.
    if (stored.modRevision <= this.#revision || this.#modRevisionOf(registryPrefix + modelId) >= stored.modRevision) return;
    const changes = noChanges();
    this.#setModel(modelId, stored, changes);
    this.#publish(changes);
  }

  /** Takes a vmodel record that this process wrote itself, ahead of the watch. */
  noteVModel(vmodelId: string, stored: Stored<VModelRecord>): void {
    if (stored.modRevision <= this.#revision || this.#modRevisionOf(vmodelPrefix + vmodelId) >= stored.modRevision) return;
    const changes = noChanges();
    this.#setVModel(vmodelId, stored, changes);
    this.#publish(changes);
  }

  #put(keyValue: KeyValue, changes: Changes): void {
    const { key, value, modRevision } = keyValue;
    if (this.#modRevisionOf(key) >= modRevision) return;
    if (key === leaderKey) {
      this.#leader = { instanceId: decoder.decode(value), leaseId: keyValue.leaseId, modRevision };
      changes.hasLeaderChanged = true;
    } else if (key.startsWith(registryPrefix)) {
      const record = this.#decoded(key, decodeModelRecord(value), changes);
      if (record) this.#setModel(key.slice(registryPrefix.length), { record, modRevision }, changes);
    } else if (key.startsWith(vmodelPrefix)) {
      const record = this.#decoded(key, decodeVModelRecord(value), changes);
      if (record) this.#setVModel(key.slice(vmodelPrefix.length), { record, modRevision }, changes);
    } else if (key.startsWith(instancePrefix)) {
      const record = this.#decoded(key, decodeInstanceRecord(value), changes);
      if (record) this.instances.set(key.slice(instancePrefix.length), { record, modRevision });
      changes.instances.add(key.slice(instancePrefix.length));
    }
  }

  #decoded<R>(key: string, record: R | undefined, changes: Changes): R | undefined {
    if (record === undefined) {
      this.#log.warn("a record of the registry is malformed and is left out", { key });
      this.#remove(key, changes);
    }
    return record;
  }

  #setModel(modelId: string, stored: Stored<ModelRecord>, changes: Changes): void {
    const before = this.models.get(modelId)?.record;
    this.models.set(modelId, stored);
    changes.models.add(modelId);
    if (before?.revision === stored.record.revision) return;
    const service = vmodelIdOfModel(modelId);
    if (service === undefined) return;
    link(this.#modelsOf, service, modelId);
    changes.vmodels.add(service);
  }

  #setVModel(vmodelId: string, stored: Stored<VModelRecord>, changes: Changes): void {
    this.#unlinkVModel(vmodelId);
    this.vmodels.set(vmodelId, stored);
    link(this.#referrers, stored.record.activeModelId, vmodelId);
    link(this.#referrers, stored.record.targetModelId, vmodelId);
    changes.vmodels.add(vmodelId);
  }

  #remove(key: string, changes: Changes): void {
    if (key === leaderKey) {
      this.#leader = undefined;
      changes.hasLeaderChanged = true;
    } else if (key.startsWith(registryPrefix)) this.#removeModel(key.slice(registryPrefix.length), changes);
    else if (key.startsWith(vmodelPrefix)) {
      const vmodelId = key.slice(vmodelPrefix.length);
      this.#unlinkVModel(vmodelId);
      if (this.vmodels.delete(vmodelId)) changes.vmodels.add(vmodelId);
    } else if (key.startsWith(instancePrefix)) {
      const instanceId = key.slice(instancePrefix.length);
      if (this.instances.delete(instanceId)) changes.instances.add(instanceId);
    }
  }

  #removeModel(modelId: string, changes: Changes): void {
    if (!this.models.delete(modelId)) return;
    changes.models.add(modelId);
    const service = vmodelIdOfModel(modelId);
    if (service === undefined) return;
    unlink(this.#modelsOf, service, modelId);
    changes.vmodels.add(service);
  }

  #unlinkVModel(vmodelId: string): void {
    const before = this.vmodels.get(vmodelId)?.record;
    if (!before) return;
    unlink(this.#referrers, before.activeModelId, vmodelId);
    unlink(this.#referrers, before.targetModelId, vmodelId);
  }

  #publish(changes: Changes): void {
    for (const vmodelId of changes.vmodels) this.#route(vmodelId);
    this.#onChange(changes);
  }

  #route(vmodelId: string): void {
    const vmodel = this.vmodels.get(vmodelId)?.record;
    const route = vmodel && routeOf(vmodelId, vmodel, this.#otherRevisions(vmodelId, vmodel));
    const parsed = parseVModelId(vmodelId);
    if (route) this.routes.set(route);
    else if (parsed) this.routes.delete(parsed.namespace, parsed.name);
  }

  /** Revisions that were kept beside the active one; not the target of a transition, which does not serve yet. Newest first. */
  #otherRevisions(vmodelId: string, vmodel: VModelRecord): readonly ServedRevision[] {
    const others: ServedRevision[] = [];
    for (const modelId of this.#modelsOf.get(vmodelId) ?? none) {
      const record = this.models.get(modelId)?.record;
      if (record && modelId !== vmodel.activeModelId && modelId !== vmodel.targetModelId)
        others.push({ revision: record.revision, modelId });
    }
    return others.toSorted((a, b) => b.revision - a.revision);
  }

  #modRevisionOf(key: string): number {
    if (key === leaderKey) return this.#leader?.modRevision ?? 0;
    if (key.startsWith(registryPrefix)) return this.models.get(key.slice(registryPrefix.length))?.modRevision ?? 0;
    if (key.startsWith(vmodelPrefix)) return this.vmodels.get(key.slice(vmodelPrefix.length))?.modRevision ?? 0;
    return this.instances.get(key.slice(instancePrefix.length))?.modRevision ?? 0;
  }

  #known(): readonly (readonly [key: string, modRevision: number])[] {
    return [
      ...(this.#leader ? [[leaderKey, this.#leader.modRevision] as const] : []),
      ...Array.from(this.models, ([id, { modRevision }]) => [registryPrefix + id, modRevision] as const),
      ...Array.from(this.vmodels, ([id, { modRevision }]) => [vmodelPrefix + id, modRevision] as const),
      ...Array.from(this.instances, ([id, { modRevision }]) => [instancePrefix + id, modRevision] as const),
    ];
  }
}

const none: ReadonlySet<string> = new Set();

function noChanges(): Changes {
  return { models: new Set(), vmodels: new Set(), instances: new Set(), hasLeaderChanged: false };
}

function link(index: Map<string, Set<string>>, from: string, to: string): void {
  const known = index.get(from);
  if (known) known.add(to);
  else index.set(from, new Set([to]));
}

function unlink(index: Map<string, Set<string>>, from: string, to: string): void {
  const known = index.get(from);
  known?.delete(to);
  if (known?.size === 0) index.delete(from);
}
