/** A model in our runtime, with nothing of the product around it. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { metricsRegistry, seededRandom, silentLog, systemClock } from "@modelyard/core";
import { openArtifactStore } from "@modelyard/objects/store";
import { type LoadedModel, onnxRuntime } from "@modelyard/runtimes";

const attempts = 3;

/**
 * Loads an ONNX file as a serving process does, from a copy that is prepared in a folder of its own below this one. Throws when the model would not run
 * on the thread that asks, which a neighbour's burst of load while its run is timed can bring about, time after time.
 */
export async function loadInlineModel(folder: string, file: string): Promise<LoadedModel> {
  for (let attempt = 1; ; attempt++) {
    const model = await loadModel(mkdtempSync(join(folder, "runtime-")), file);
    if (model.placement === "inline") return model;
    if (attempt === attempts) throw new Error(`the model runs by ${model.placement}: it took ${model.runMicros} us a run`);
  }
}

async function loadModel(own: string, file: string): Promise<LoadedModel> {
  const base = { clock: systemClock(), log: silentLog(), random: seededRandom(1) };
  const artifacts = await openArtifactStore({ ...base, directory: join(own, "objects") });
  const runtime = onnxRuntime({
    ...base,
    artifacts,
    preparedDir: join(own, "prepared"),
    capacityBytes: 2 ** 30,
    metrics: metricsRegistry(),
  });
  const { digest } = await artifacts.ingest({ kind: "file", path: file });
  return await runtime.load({ modelId: "model", modelType: "onnx", artifactDigest: digest, parameters: {} });
}
