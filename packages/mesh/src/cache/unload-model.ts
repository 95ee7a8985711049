/** One unload by a runtime, tried again while it fails, with a limit to each try and to all of them. */
import { type Clock, type Log, sleep, withDeadline } from "@modelyard/core";
import type { LoadedModel } from "@modelyard/runtimes";

const maxAttempts = 5;
const attemptLimitMs = 30_000;
const firstDelayMs = 2_000;

/** What an unload works with. */
export interface UnloadDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly onAttemptFailed: () => void;
}

/** False when the runtime refused to the end: nobody knows then whether the memory is free. Never rejects. */
export async function unloadModel(model: LoadedModel, deps: UnloadDeps): Promise<boolean> {
  const { clock, log, onAttemptFailed } = deps;
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    try {
      await withDeadline(model.unload(), { clock, limitMs: attemptLimitMs, what: "Unloading the model" });
      return true;
    } catch (error) {
      onAttemptFailed();
      log.error("a model could not be unloaded", error, { modelId: model.modelId, attempt, maxAttempts });
      if (attempt < maxAttempts) await sleep(clock, firstDelayMs * 2 ** (attempt - 1));
    }
  }
  return false;
}
