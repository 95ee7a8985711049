/** One load by a runtime, limited in time even when the runtime does not heed the signal. */
import { type Clock, failure } from "@modelyard/core";
import type { CrashReport, CrashVerdict, LoadedModel, LoadStage } from "@modelyard/runtimes";
import type { PendingLoad } from "./pending-load.ts";

/** What a load needs beside itself. */
export interface RunLoadDeps {
  readonly clock: Clock;
  readonly onStage: (stage: LoadStage) => void;
  readonly onCrash: (report: CrashReport) => CrashVerdict;
  /** The load was given up; the runtime still works on it. */
  readonly onAbandoned: () => void;
  /** The runtime has ended a load that was given up: with a model, or without. */
  readonly onAbandonedEnd: (model: LoadedModel | undefined) => void;
}

/** Loads; rejects with the runtime's error, with `MODEL_LOAD_TIMED_OUT`, or with the reason of the load's abort, whichever is first. */
export function runLoad(load: PendingLoad, deps: RunLoadDeps): Promise<LoadedModel> {
  const { runtime, request } = load.source;
  const { signal } = load.abort;
  const limitMs = runtime.status().loadTimeoutMs;
  return new Promise((resolve, reject) => {
    let isAbandoned = false;
    const onAbort = (): void => {
      isAbandoned = true;
      timer.cancel();
      deps.onAbandoned();
      reject(signal.reason);
    };
    const timer = deps.clock.setTimer(limitMs, () => load.abort.abort(failure("MODEL_LOAD_TIMED_OUT", { limitMs })));
    signal.addEventListener("abort", onAbort, { once: true });
    const end = (model: LoadedModel | undefined, finish: () => void): void => {
      if (isAbandoned) {
        deps.onAbandonedEnd(model);
        return;
      }
      timer.cancel();
      signal.removeEventListener("abort", onAbort);
      finish();
    };
    runtime.load(request, { signal, onStage: deps.onStage, onCrash: deps.onCrash }).then(
      (model) => end(model, () => resolve(model)),
      (error: unknown) => end(undefined, () => reject(error)),
    );
  });
}

/** Bytes to reserve: what the runtime predicts, or its default when it cannot say within half a second. */
export async function predictSize(load: PendingLoad, clock: Clock): Promise<number> {
  const { runtime, request } = load.source;
  return new Promise((resolve) => {
    const assumeDefault = (): void => resolve(runtime.status().defaultSizeBytes);
    const timer = clock.setTimer(predictionLimitMs, assumeDefault);
    runtime.predictSizeBytes(request).then(
      (sizeBytes) => {
        timer.cancel();
        resolve(sizeBytes);
      },
      () => {
        // A prediction is a courtesy: if something is wrong with the model, the load says so with its reason.
        timer.cancel();
        assumeDefault();
      },
    );
  });
}

const predictionLimitMs = 500;
