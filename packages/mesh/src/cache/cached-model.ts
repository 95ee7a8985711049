/** A model in memory, which is also the hold its users get: handing it out allocates nothing. */
import { assert } from "@modelyard/core";
import type { LoadedModel } from "@modelyard/runtimes";
import type { HeldModel } from "../contract.ts";
import type { LruNode } from "./lru-list.ts";

/** Told when the last user of a model that is to go has let go. */
export interface CachedModelOwner {
  onIdle(cached: CachedModel): void;
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
  readonly #owner: CachedModelOwner;

  constructor(model: LoadedModel, facts: { readonly revision: number; readonly nowMs: number; readonly owner: CachedModelOwner }) {
    this.model = model;
    this.modelId = model.modelId;
    this.sizeBytes = model.sizeBytes;
    this.revision = facts.revision;
    this.loadedAtMs = facts.nowMs;
    this.lastUsedMs = facts.nowMs;
    this.#owner = facts.owner;
  }

  release(): void {
    assert(this.holders > 0, "a hold is released once");
    this.holders--;
    if (this.isLeaving && this.holders === 0) this.#owner.onIdle(this);
  }
}
