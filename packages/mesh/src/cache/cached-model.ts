/** A model in memory, which is also the hold its users get: handing it out allocates nothing. */
import { assert } from "@modelyard/core";
import type { LoadedModel, LoadRequest } from "@modelyard/runtimes";
import type { HeldModel } from "../contract.ts";
import type { LruNode } from "./lru-list.ts";

/** Told when the last user of a model that is to go has let go. */
export interface CachedModelOwner {
  onIdle(cached: CachedModel): void;
}

/** What is known of a copy beside the model. */
export interface CachedModelFacts {
  readonly revision: number;
  /** As {@link LoadRequest.isolation}. */
  readonly isolation: LoadRequest["isolation"];
  readonly nowMs: number;
  readonly owner: CachedModelOwner;
}

/** One loaded copy. */
export class CachedModel implements HeldModel, LruNode<CachedModel> {
  readonly model: LoadedModel;
  readonly modelId: string;
  /** Bytes it is charged for. */
  readonly sizeBytes: number;
  /** Ms since 1970. */
  readonly loadedAtMs: number;
  /** Follows the registry: the same content can come back under a later number. */
  revision: number;
  holders = 0;
  /** Accurate to the cache's tick, ms since 1970. */
  lastUsedMs: number;
  /** Takes no new holders; unloaded when `holders` is 0. */
  isLeaving = false;
  newer: CachedModel | undefined = undefined;
  older: CachedModel | undefined = undefined;
  /** Whether it runs in a process of its own, or was to: a runtime that has none may place it elsewhere. */
  readonly isIsolated: boolean;
  readonly #owner: CachedModelOwner;

  constructor(model: LoadedModel, facts: CachedModelFacts) {
    this.model = model;
    this.modelId = model.modelId;
    this.sizeBytes = model.sizeBytes;
    this.revision = facts.revision;
    this.loadedAtMs = facts.nowMs;
    this.lastUsedMs = facts.nowMs;
    this.isIsolated = facts.isolation === "process" || model.placement === "process";
    this.#owner = facts.owner;
  }

  release(): void {
    assert(this.holders > 0, "a hold is released once");
    this.holders--;
    if (this.isLeaving && this.holders === 0) this.#owner.onIdle(this);
  }
}
