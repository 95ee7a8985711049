/**
 * A runtime without models: what a load or a run does, how long it takes on the injected clock, and what it costs is told by the test.
 * Nothing happens by itself, so a test or a simulation that uses it replays exactly.
 */
import { assert, type Clock, failure, sleep } from "@modelyard/core";
import type { CrashReport, CrashVerdict, LoadedModel, LoadOptions, LoadRequest, ModelRuntime, RuntimeStatus } from "../contract.ts";
import { type FakeBehaviour, FakeLoadedModel, sizeOf } from "./fake-loaded-model.ts";

/** Options of {@link fakeRuntime}. */
export interface FakeRuntimeOptions {
  readonly clock: Clock;
  /** Default 1 GiB. */
  readonly capacityBytes?: number;
  /** Default 4. Loads beyond it wait for their turn, in order. */
  readonly maxLoadingConcurrency?: number;
  /** Default 60,000. */
  readonly loadTimeoutMs?: number;
  /** Behaviour of every model that {@link FakeRuntime.behave} did not name. */
  readonly behaviour?: FakeBehaviour;
}

/** What the fake was asked for, in order. */
export interface FakeEvent {
  readonly kind: "load" | "loaded" | "load-failed" | "run" | "unload";
  readonly modelId: string;
}

/** A {@link ModelRuntime} the test drives. */
export interface FakeRuntime extends ModelRuntime {
  /** Sets how a model behaves from its next load or run on; adds to what was set before. */
  behave(modelId: string, behaviour: FakeBehaviour): void;
  /** Ends the process of a model that is loaded into one of its own; what whoever loaded it says to that, `undefined` when nobody is told. */
  crash(report: CrashReport): CrashVerdict | undefined;
  /** What `status()` says from now on. Default `ready`. */
  setState(state: RuntimeStatus["state"]): void;
  /** Ids that are in memory. */
  readonly loadedIds: readonly string[];
  /** Bytes of what is in memory, and the most there ever were. */
  readonly usedBytes: number;
  readonly peakBytes: number;
  /** Loads under way, and the most there ever were at once. */
  readonly loading: number;
  readonly peakLoading: number;
  /** Everything that was asked for, oldest first; the newest 10,000. */
  readonly events: readonly FakeEvent[];
}

const maxEvents = 10_000;

/** A runtime that loads nothing and answers with its inputs. */
export function fakeRuntime(options: FakeRuntimeOptions): FakeRuntime {
  return new FakeModelRuntime(options);
}

class FakeModelRuntime implements FakeRuntime {
  readonly name = "fake";
  readonly #options: FakeRuntimeOptions;
  readonly #behaviours = new Map<string, FakeBehaviour>();
  readonly #loaded = new Set<FakeLoadedModel>();
  readonly #waiting: (() => void)[] = [];
  readonly #events: FakeEvent[] = [];
  readonly #closing = new AbortController();
  #state: RuntimeStatus["state"] = "ready";
  #loading = 0;
  #peakLoading = 0;
  #usedBytes = 0;
  #peakBytes = 0;

  constructor(options: FakeRuntimeOptions) {
    this.#options = options;
  }

  get loadedIds(): readonly string[] {
    return [...this.#loaded].map((model) => model.modelId);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get peakBytes(): number {
    return this.#peakBytes;
  }

  get loading(): number {
    return this.#loading;
  }

  get peakLoading(): number {
    return this.#peakLoading;
  }

  get events(): readonly FakeEvent[] {
    return this.#events;
  }

  behave(modelId: string, behaviour: FakeBehaviour): void {
    this.#behaviours.set(modelId, { ...this.#behaviours.get(modelId), ...behaviour });
  }

  crash(report: CrashReport): CrashVerdict | undefined {
    const model = [...this.#loaded].find(({ modelId }) => modelId === report.modelId);
    assert(model?.placement === "process", "the model that crashes is loaded into a process of its own");
    return model.onCrash?.(report);
  }

  setState(state: RuntimeStatus["state"]): void {
    this.#state = state;
  }

  status(): RuntimeStatus {
    return {
      state: this.#state,
      capacityBytes: this.#options.capacityBytes ?? 2 ** 30,
      maxLoadingConcurrency: this.#options.maxLoadingConcurrency ?? 4,
      loadTimeoutMs: this.#options.loadTimeoutMs ?? 60_000,
      defaultSizeBytes: sizeOf({}),
      version: "fake",
    };
  }

  predictSizeBytes(request: LoadRequest): Promise<number> {
    const behaviour = this.#behaviourOf(request.modelId);
    return Promise.resolve(behaviour.predictedSizeBytes ?? sizeOf(behaviour));
  }

  async load(request: LoadRequest, options: LoadOptions = {}): Promise<LoadedModel> {
    const signal = options.signal ? AbortSignal.any([options.signal, this.#closing.signal]) : this.#closing.signal;
    signal.throwIfAborted();
    this.#record("load", request.modelId);
    try {
      await this.#turn(signal);
      return await this.#loadInTurn(request, { ...options, signal });
    } catch (error) {
      this.#record("load-failed", request.modelId);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(failure("CANCELLED", { what: "The load" }));
    await Promise.all([...this.#loaded].map((model) => model.unload()));
  }

  /** Waits until fewer than the allowed loads are under way, then counts as one of them. */
  async #turn(signal: AbortSignal): Promise<void> {
    if (this.#loading >= this.status().maxLoadingConcurrency) await this.#waitForTurn(signal);
    else this.#loading++;
    this.#peakLoading = Math.max(this.#peakLoading, this.#loading);
  }

  #waitForTurn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(onTurn), 1);
        reject(signal.reason);
      };
      const onTurn = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      this.#waiting.push(onTurn);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  async #loadInTurn(request: LoadRequest, options: LoadOptions & { readonly signal: AbortSignal }): Promise<LoadedModel> {
    try {
      const behaviour = this.#behaviourOf(request.modelId);
      for (const stage of ["verify", "prepare", "load"] as const) options.onStage?.(stage);
      await this.#passLoadTime(behaviour, options.signal);
      options.signal.throwIfAborted();
      if (behaviour.loadFailure) throw behaviour.loadFailure;
      return this.#admit(request, { behaviour, onCrash: options.onCrash });
    } finally {
      // A waiting load takes over the place of this one.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#loading--;
    }
  }

  async #passLoadTime(behaviour: FakeBehaviour, signal: AbortSignal): Promise<void> {
    if (behaviour.hang === "load") await untilAborted(signal);
    if (behaviour.loadDelayMs) await sleep(this.#options.clock, behaviour.loadDelayMs, signal);
  }

  #admit({ modelId, parameters, isolation }: LoadRequest, { behaviour, onCrash }: Admitted): LoadedModel {
    const model = new FakeLoadedModel({
      modelId,
      isIsolated: isolation === "process" || parameters["isolation"] === "process",
      onCrash,
      clock: this.#options.clock,
      sizeBytes: sizeOf(behaviour),
      behaviour: () => this.#behaviourOf(modelId),
      onRun: () => this.#record("run", modelId),
      onUnload: () => this.#release(model),
    });
    this.#loaded.add(model);
    this.#usedBytes += model.sizeBytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#usedBytes);
    this.#record("loaded", modelId);
    return model;
  }

  #release(model: FakeLoadedModel): void {
    if (!this.#loaded.delete(model)) return;
    this.#usedBytes -= model.sizeBytes;
    this.#record("unload", model.modelId);
  }

  #behaviourOf(modelId: string): FakeBehaviour {
    return { ...this.#options.behaviour, ...this.#behaviours.get(modelId) };
  }

  #record(kind: FakeEvent["kind"], modelId: string): void {
    this.#events.push({ kind, modelId });
    if (this.#events.length > maxEvents) this.#events.shift();
  }
}

interface Admitted {
  readonly behaviour: FakeBehaviour;
  readonly onCrash: LoadOptions["onCrash"];
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
