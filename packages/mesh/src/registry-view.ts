/**
 * What the store says, as this process knows it: models, vmodels, instances and the leader, kept true by one watch over `mesh/`, and the routes
 * that follow from it. It stays as it was while the store is away.
 *
 * Invariants: changes of one store transaction become visible together; nothing older replaces something newer, also not a watch event that
 * repeats what this process wrote itself. A listing, which may be too long for one turn of the event loop, is taken in the order of the keys
 * (models before the vmodels that refer to them), and what it no longer has goes last: on the way a service is as it was or as it will be.
 */
import type { Log } from "@modelyard/core";
import type { KeyValue, WatchBatch } from "@modelyard/store";
import { type KeyFacts, KnownHistory } from "./known-history.ts";
import { ModelTable } from "./model-table.ts";
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
import { RoutingTable } from "./routing-table.ts";
import { ServiceRoutes } from "./service-routes.ts";
import { ShardedIndex } from "./sharded-index.ts";
import { ShardedMap } from "./sharded-map.ts";
import type { Stored } from "./vmodels/plan.ts";

/** Ids whose records changed; reported once a batch, or a part of a listing, after all of it is visible. */
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

/** A record, and in which listing it was last heard of. */
interface Listed<R> extends Stored<R> {
  listing: number;
}

type Known = readonly [key: string, facts: KeyFacts];

const decoder = new TextDecoder();
/** Most records that one report has of those that a listing no longer has. */
const maxRemovedAtOnce = 256;

/** A copy of everything under `mesh/`. */
export class RegistryView {
  readonly models: ModelTable = new ModelTable();
  readonly routes: RoutingTable = new RoutingTable();
  readonly #services = new ServiceRoutes({ routes: this.routes, models: this.models });
  readonly #history = new KnownHistory();
  readonly #vmodels = new ShardedMap<Listed<VModelRecord>>();
  readonly #instances = new Map<string, Listed<InstanceRecord>>();
  readonly #log: Log;
  readonly #onChange: (change: RegistryChange) => void;
  /** vmodels by the models they refer to. */
  readonly #referrers = new ShardedIndex();
  #leader: (LeaderFacts & { listing: number }) | undefined;
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

  get vmodels(): Pick<ShardedMap<Stored<VModelRecord>>, "get" | "has" | "keys" | "size"> {
    return this.#vmodels;
  }

  get instances(): Pick<ReadonlyMap<string, Stored<InstanceRecord>>, "get" | "has" | "size"> {
    return this.#instances;
  }

  /** vmodels whose active or target a model is. */
  referrersOf(modelId: string): ReadonlySet<string> {
    return this.#referrers.of(modelId);
  }

  /** Begins to take a whole list, as the store stood at a revision, in place of what is known. One that was begun before is given up. */
  beginListing(revision: number): void {
    this.#history.beginListing(revision);
  }

  /** Takes a part of the list. */
  takeListed(keyValues: readonly KeyValue[]): void {
    const changes = noChanges();
    for (const keyValue of keyValues) this.#put(keyValue, changes);
    this.#publish(changes);
  }

  /** Drops what the list does not have, one record a step; the list is taken when all steps are done. */
  *endListing(): Generator<void, void> {
    // Before the first one nothing was known.
    if (this.#history.listing > 1) {
      // No route may lead to a model that is gone already.
      yield* this.#dropUnlisted(this.#knownNames());
      yield* this.#dropUnlisted(this.#knownModels());
    }
    this.#history.endListing();
    this.#isReady = true;
    this.#publish(noChanges());
  }

  /** Takes changes. */
  apply(batch: WatchBatch): void {
    const changes = noChanges();
    for (const { kind, keyValue } of batch.events) {
      if (kind === "put") this.#put(keyValue, changes);
      else if (this.#history.revisionOf(this.#factsOf(keyValue.key)) < keyValue.modRevision) this.#remove(keyValue.key, changes);
    }
    this.#history.advance(batch.revision);
    this.#publish(changes);
  }

  /** Takes a model record that this process wrote or read itself, ahead of the watch. */
  note(modelId: string, stored: Stored<ModelRecord>): void {
    if (!this.#history.isAhead(stored.modRevision, this.models.row(modelId))) return;
    const changes = noChanges();
    this.#setModel(modelId, stored, changes);
    this.#publish(changes);
  }

  /** Takes a vmodel record that this process wrote itself, ahead of the watch. */
  noteVModel(vmodelId: string, stored: Stored<VModelRecord>): void {
    if (!this.#history.isAhead(stored.modRevision, this.#vmodels.get(vmodelId))) return;
    const changes = noChanges();
    this.#setVModel(vmodelId, stored, changes);
    this.#publish(changes);
  }

  #put(keyValue: KeyValue, changes: Changes): void {
    const { key, value, modRevision } = keyValue;
    const { listing } = this.#history;
    const known = this.#factsOf(key);
    if (this.#history.revisionOf(known) >= modRevision) {
      if (known) known.listing = listing;
      return;
    }
    if (key === leaderKey) {
      this.#leader = { instanceId: decoder.decode(value), leaseId: keyValue.leaseId, modRevision, listing };
      changes.hasLeaderChanged = true;
    } else if (key.startsWith(registryPrefix)) {
      const record = this.#decoded(key, decodeModelRecord(value), changes);
      if (record) this.#setModel(key.slice(registryPrefix.length), { record, modRevision }, changes);
    } else if (key.startsWith(vmodelPrefix)) {
      const record = this.#decoded(key, decodeVModelRecord(value), changes);
      if (record) this.#setVModel(key.slice(vmodelPrefix.length), { record, modRevision }, changes);
    } else if (key.startsWith(instancePrefix)) {
      const record = this.#decoded(key, decodeInstanceRecord(value), changes);
      if (record) this.#instances.set(key.slice(instancePrefix.length), { record, modRevision, listing });
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
    const revisionBefore = this.models.revisionOf(modelId);
    this.models.set(modelId, stored, this.#history.listing);
    changes.models.add(modelId);
    if (revisionBefore === stored.record.revision) return;
    const vmodelId = this.#services.addModel(modelId);
    if (vmodelId !== undefined) changes.vmodels.add(vmodelId);
  }

  #setVModel(vmodelId: string, stored: Stored<VModelRecord>, changes: Changes): void {
    this.#unlinkVModel(vmodelId);
    this.#vmodels.set(vmodelId, { ...stored, listing: this.#history.listing });
    this.#referrers.add(stored.record.activeModelId, vmodelId);
    this.#referrers.add(stored.record.targetModelId, vmodelId);
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
      if (this.#vmodels.delete(vmodelId)) changes.vmodels.add(vmodelId);
    } else if (key.startsWith(instancePrefix)) {
      const instanceId = key.slice(instancePrefix.length);
      if (this.#instances.delete(instanceId)) changes.instances.add(instanceId);
    }
  }

  #removeModel(modelId: string, changes: Changes): void {
    if (!this.models.delete(modelId)) return;
    changes.models.add(modelId);
    const vmodelId = this.#services.removeModel(modelId);
    if (vmodelId !== undefined) changes.vmodels.add(vmodelId);
  }

  #unlinkVModel(vmodelId: string): void {
    const before = this.vmodels.get(vmodelId)?.record;
    if (!before) return;
    this.#referrers.delete(before.activeModelId, vmodelId);
    this.#referrers.delete(before.targetModelId, vmodelId);
  }

  #publish(changes: Changes): void {
    for (const vmodelId of changes.vmodels) this.#services.update(vmodelId, this.#vmodels.get(vmodelId)?.record);
    this.#onChange(changes);
  }

  #factsOf(key: string): { readonly modRevision: number; listing: number } | undefined {
    if (key === leaderKey) return this.#leader;
    if (key.startsWith(registryPrefix)) return this.models.row(key.slice(registryPrefix.length));
    if (key.startsWith(vmodelPrefix)) return this.#vmodels.get(key.slice(vmodelPrefix.length));
    return this.#instances.get(key.slice(instancePrefix.length));
  }

  *#knownNames(): Generator<Known, void> {
    if (this.#leader) yield [leaderKey, this.#leader];
    for (const [id, facts] of this.#instances) yield [instancePrefix + id, facts];
    for (const [id, facts] of this.#vmodels) yield [vmodelPrefix + id, facts];
  }

  *#knownModels(): Generator<Known, void> {
    for (const [id, facts] of this.models.rows()) yield [registryPrefix + id, facts];
  }

  *#dropUnlisted(known: Iterable<Known>): Generator<void, void> {
    let changes = noChanges();
    for (const [key, facts] of known) {
      if (this.#history.isDropped(facts)) this.#remove(key, changes);
      if (changes.models.size + changes.vmodels.size >= maxRemovedAtOnce) {
        this.#publish(changes);
        changes = noChanges();
      }
      yield;
    }
    this.#publish(changes);
  }
}

function noChanges(): Changes {
  return { models: new Set(), vmodels: new Set(), instances: new Set(), hasLeaderChanged: false };
}
