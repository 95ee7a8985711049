/** What this instance may load, and with what: the pure decision with the instance's own knowledge put in. */
import { type Clock, failure, type Log, PlatformError } from "@modelyard/core";
import type { ModelRuntime } from "@modelyard/runtimes";
import type { LoadCause, ModelCache } from "../cache/model-cache.ts";
import type { LoadSource } from "../cache/pending-load.ts";
import type { ModelState } from "../contract.ts";
import type { DecisionLog } from "../decisions.ts";
import { isQuarantined, modelStateOf, quarantineFailure } from "../model-state.ts";
import { type AdmissionState, planAdmission, refusedUntilMs } from "../plan-admission.ts";
import type { ModelRecord } from "../records.ts";
import type { RegistryView } from "../registry-view.ts";
import type { TransitionState } from "../vmodels/plan-transition.ts";
import type { RecordWriter } from "./record-writer.ts";

/** Options of {@link Admissions}. */
export interface AdmissionsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly instanceId: string;
  readonly view: RegistryView;
  readonly writer: RecordWriter;
  readonly decisions: DecisionLog;
  readonly runtimes: readonly ModelRuntime[];
  readonly runtimeOf: (record: ModelRecord) => ModelRuntime | undefined;
  readonly failureExpiryMs: number;
  readonly requestFailureExpiryMs: number;
}

/** Answers for one instance. */
export class Admissions {
  readonly #options: AdmissionsOptions;

  constructor(options: AdmissionsOptions) {
    this.#options = options;
  }

  /** What to load, or the failure that whoever asks for the model gets. */
  sourceOf(modelId: string, cause: LoadCause): LoadSource | PlatformError {
    const { view, runtimeOf } = this.#options;
    if (!view.isReady) return failure("MESH_NOT_READY", {}, { retryAfterMs: 1_000 });
    const admission = planAdmission(this.#state(modelId, cause));
    if (admission.kind === "refuse") return admission.error;
    const { record } = admission;
    const runtime = runtimeOf(record);
    if (!runtime) return this.#refuseRuntime(modelId, record);
    const { type: modelType, artifactDigest, parameters, revision } = record;
    // Once it cost a serving process: another time it costs one of its own.
    const isolation = record.crashes.length > 0 ? ({ isolation: "process" } as const) : {};
    return { request: { modelId, modelType, artifactDigest, parameters, ...isolation }, revision, runtime };
  }

  /** What is known of a model that is not in this instance's cache. */
  stateElsewhere(modelId: string): ModelState {
    const state = this.#state(modelId, "background");
    if (!state.record) return "NotLoaded";
    if (planAdmission(state).kind === "refuse") return "FailedToLoad";
    const copies = Object.fromEntries(Object.entries(state.record.copies).filter(([instanceId]) => this.#isOtherLive(instanceId)));
    return modelStateOf({ ...state.record, copies, failures: {} });
  }

  /** A vmodel as its next step is planned from; undefined when there is none. */
  transitionState(vmodelId: string, cache: Pick<ModelCache, "state">): TransitionState | undefined {
    const vmodel = this.#options.view.vmodels.get(vmodelId)?.record;
    if (!vmodel) return undefined;
    const model = (modelId: string): TransitionState["active"] => {
      const state = this.#state(modelId, "background");
      return state.record && { record: state.record, local: cache.state(modelId), refusedUntilMs: refusedUntilMs(state) };
    };
    const otherInstances = { has: (instanceId: string) => this.#isOtherLive(instanceId) };
    return { vmodel, otherInstances, active: model(vmodel.activeModelId), target: model(vmodel.targetModelId) };
  }

  /** Says in a model's record why it is not loaded any more, when its crashes are too many; whether they are. */
  quarantine(modelId: string): boolean {
    const { writer, log } = this.#options;
    const record = writer.current(modelId);
    if (!record || !isQuarantined(record)) return false;
    const error = quarantineFailure(record);
    this.#refuse(modelId, { error, atMs: record.crashes.at(-1)?.atMs ?? 0, kind: "quarantine" });
    log.error("a model is quarantined", error, { modelId });
    return true;
  }

  #refuseRuntime(modelId: string, record: ModelRecord): PlatformError {
    const { runtimes, clock } = this.#options;
    const available = runtimes.map((runtime) => runtime.name).join(", ");
    const error = failure("MODEL_RUNTIME_MISSING", { runtime: record.runtime, available });
    this.#refuse(modelId, { error, atMs: clock.nowMs(), kind: "loadFailed" });
    return error;
  }

  #refuse(
    modelId: string,
    refusal: { readonly error: PlatformError; readonly atMs: number; readonly kind: "quarantine" | "loadFailed" },
  ): void {
    const { writer, decisions, clock } = this.#options;
    const { error, atMs, kind } = refusal;
    writer.add(modelId, { failure: { atMs, error: error.toPublic() } });
    decisions.add({ atMs: clock.nowMs(), modelId, kind, reason: error.message });
  }

  #state(modelId: string, cause: LoadCause): AdmissionState {
    const { clock, instanceId, writer, failureExpiryMs, requestFailureExpiryMs } = this.#options;
    const expiryMs = cause === "request" ? requestFailureExpiryMs : failureExpiryMs;
    return { modelId, record: writer.current(modelId), instanceId, nowMs: clock.nowMs(), failureExpiryMs: expiryMs };
  }

  #isOtherLive(instanceId: string): boolean {
    return instanceId !== this.#options.instanceId && this.#options.view.instances.has(instanceId);
  }
}
