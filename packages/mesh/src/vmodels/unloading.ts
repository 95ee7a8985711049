/**
 * Services that the repository API unloaded: recorded in the store, so that it holds everywhere and across restarts, and nothing of them stays in
 * memory, whoever unloaded them. A crash after the record leaves a copy in memory, which ended with the process.
 */
import { type Clock, withDeadline } from "@modelyard/core";
import type { Store } from "@modelyard/store";
import type { AcquireOptions, ServiceRoute } from "../contract.ts";
import { parseVModelId, vmodelIdOf } from "../identity.ts";
import type { RegistryView } from "../registry-view.ts";
import { recordUnload } from "./apply.ts";

/** What {@link Unloading} works with. */
export interface UnloadingDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly view: RegistryView;
  /** Evicts a model, or gives up its load. */
  readonly forget: (modelId: string, reason: string) => void;
}

/** What is to hold of a service from now on. */
export interface UnloadingChange {
  readonly route: ServiceRoute;
  readonly isUnloaded: boolean;
}

/** Unloads services and lets them be loaded again. */
export class Unloading {
  readonly #deps: UnloadingDeps;

  constructor(deps: UnloadingDeps) {
    this.#deps = deps;
  }

  /** What it records is known here at once, not when the watch says so. */
  async record({ route, isUnloaded }: UnloadingChange, { deadlineMs, signal }: AcquireOptions): Promise<void> {
    const { store, clock, view } = this.#deps;
    const vmodelId = vmodelIdOf(route.namespace, route.name);
    const limitMs = Math.max(deadlineMs - clock.monotonicMs(), 0);
    const limit = { clock, limitMs, what: "Recording the change", ...(signal && { signal }) };
    const stored = await withDeadline(recordUnload(store, { vmodelId, isUnloaded }), limit);
    if (stored) view.noteVModel(vmodelId, stored);
  }

  /** A vmodel's record changed. */
  changed(vmodelId: string): void {
    const { view, forget } = this.#deps;
    const parsed = parseVModelId(vmodelId);
    const route = parsed && view.routes.find(parsed.namespace, parsed.name);
    if (!route?.isUnloaded || route.name !== parsed?.name) return;
    for (const { modelId } of route.revisions) forget(modelId, "the repository API unloaded the service");
  }
}
