/**
 * Carries vmodels to their targets. Key in, no payload: each pass plans from the whole state of one vmodel.
 *
 * Reads: vmodels, models and instances of the view; the cache. Writes: the vmodel and its models in one transaction, by compare-and-swap.
 * A crash leaves the vmodel where it was; the next pass, here or elsewhere, goes on. The leader acts at once; other instances when nothing has
 * happened for a while, so that a leader that died is not waited for.
 */
import { type Clock, type Log, PlatformError, type Random } from "@modelyard/core";
import type { Store } from "@modelyard/store";
import { commitVModel } from "./apply.ts";
import { planMarkFailed, planSwitch } from "./plan.ts";
import { planTransition, type TransitionAction, type TransitionState } from "./plan-transition.ts";

/** Options of {@link Transitions}. */
export interface TransitionsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How long an instance that does not lead waits for the one that does. */
  readonly takeOverAfterMs: number;
  readonly isLeader: () => boolean;
  /** The state of a vmodel; undefined when there is none. */
  readonly stateOf: (vmodelId: string) => TransitionState | undefined;
  /** Loads in the background; rejects with the load's failure. */
  readonly ensure: (modelId: string, reason: string) => Promise<void>;
  readonly onSwitched: (vmodelId: string, targetModelId: string) => void;
}

/** Loads and writes that are under way at once; more wait, each kind for itself, so that long loads do not hold up a switch. */
const maxLoads = 64;
const maxWrites = 16;
const retryDelayMs = 2_000;
/** What was done shows in the registry or the cache, which report it; this is for the report that is lost. */
const recheckDelayMs = 5_000;

type Kind = "load" | "write";

/** A bounded number of places, and who waits for one. */
class Slots {
  readonly #waiting = new Set<string>();
  #free: number;

  constructor(limit: number) {
    this.#free = limit;
  }

  /** False when there is none: whoever asked is remembered. */
  take(vmodelId: string): boolean {
    if (this.#free === 0) {
      this.#waiting.add(vmodelId);
      return false;
    }
    this.#waiting.delete(vmodelId);
    this.#free--;
    return true;
  }

  /** Gives who may ask again. */
  giveBack(): string | undefined {
    this.#free++;
    const [next] = this.#waiting;
    if (next !== undefined) this.#waiting.delete(next);
    return next;
  }
}

/** Work on vmodels that are not settled. */
export class Transitions {
  readonly #options: TransitionsOptions;
  readonly #changed = new Set<string>();
  readonly #active = new Set<string>();
  readonly #slots: Readonly<Record<Kind, Slots>> = { load: new Slots(maxLoads), write: new Slots(maxWrites) };
  /** When to look at a vmodel again though nothing changed, on the monotonic scale. */
  readonly #wakeAtMs = new Map<string, number>();
  /** Since when something was to be done, on the monotonic scale. */
  readonly #dueSinceMs = new Map<string, number>();
  readonly #stop = new AbortController();

  constructor(options: TransitionsOptions) {
    this.#options = options;
  }

  /** Something about a vmodel changed. */
  changed(vmodelId: string): void {
    this.#changed.add(vmodelId);
  }

  /** Looks at what changed and at what is due. */
  run(): void {
    if (this.#stop.signal.aborted) return;
    const nowMs = this.#options.clock.monotonicMs();
    for (const [vmodelId, wakeAtMs] of this.#wakeAtMs) if (wakeAtMs <= nowMs) this.#changed.add(vmodelId);
    for (const vmodelId of this.#changed) {
      if (this.#active.has(vmodelId)) continue;
      this.#changed.delete(vmodelId);
      this.#wakeAtMs.delete(vmodelId);
      this.#step(vmodelId);
    }
  }

  /** Starts nothing more, and ends what waits for the store. */
  close(): void {
    this.#stop.abort();
  }

  #step(vmodelId: string): void {
    const state = this.#options.stateOf(vmodelId);
    const action: TransitionAction = state ? planTransition(state) : { kind: "none" };
    if (action.kind === "none" || action.kind === "wait") {
      this.#dueSinceMs.delete(vmodelId);
      if (action.kind === "wait") this.#wakeIn(vmodelId, action.untilMs - this.#options.clock.nowMs());
      return;
    }
    const leftMs = this.#patienceLeftMs(vmodelId);
    if (leftMs > 0) {
      this.#wakeIn(vmodelId, leftMs);
      return;
    }
    const slots = this.#slots[action.kind === "ensure" ? "load" : "write"];
    if (!slots.take(vmodelId)) return;
    this.#active.add(vmodelId);
    void this.#act(vmodelId, action).then((delayMs) => {
      this.#active.delete(vmodelId);
      this.#wakeIn(vmodelId, delayMs);
      const next = slots.giveBack();
      if (next !== undefined) this.#changed.add(next);
      this.run();
    });
  }

  /** Gives the time after which to look again even when nothing changes. */
  async #act(vmodelId: string, action: Exclude<TransitionAction, { kind: "none" | "wait" }>): Promise<number> {
    const { ensure, random, log } = this.#options;
    try {
      if (action.kind === "ensure") await ensure(action.modelId, action.reason);
      else await this.#commit(vmodelId, action);
      return recheckDelayMs;
    } catch (error) {
      const failed = PlatformError.from(error);
      // A load that failed for good is in the model's record, from which the next plan follows.
      if (action.kind === "ensure" && !failed.retryable) return recheckDelayMs;
      if (!this.#stop.signal.aborted)
        log.info("a vmodel is looked at again later", { vmodelId, action: action.kind, reason: failed.reason });
      return retryDelayMs * (0.5 + random.next() / 2);
    }
  }

  async #commit(vmodelId: string, action: Extract<TransitionAction, { kind: "switch" | "markFailed" }>): Promise<void> {
    const { store, log, onSwitched } = this.#options;
    const { targetModelId } = action;
    const scope = { vmodelId, modelIds: [], signal: this.#stop.signal };
    if (action.kind === "switch") {
      if (!(await commitVModel(store, scope, (snapshot) => planSwitch(snapshot, targetModelId)))) return;
      log.info("a vmodel switched", { vmodelId, targetModelId });
      onSwitched(vmodelId, targetModelId);
    } else if (await commitVModel(store, scope, (snapshot) => planMarkFailed(snapshot, { targetModelId, failed: true }))) {
      log.warn("the target of a vmodel does not load; the active model stays", { vmodelId, targetModelId });
    }
  }

  #patienceLeftMs(vmodelId: string): number {
    if (this.#options.isLeader()) return 0;
    const nowMs = this.#options.clock.monotonicMs();
    const sinceMs = this.#dueSinceMs.get(vmodelId) ?? nowMs;
    this.#dueSinceMs.set(vmodelId, sinceMs);
    return sinceMs + this.#options.takeOverAfterMs - nowMs;
  }

  #wakeIn(vmodelId: string, delayMs: number): void {
    this.#wakeAtMs.set(vmodelId, this.#options.clock.monotonicMs() + delayMs);
  }
}
