/** A model in our runtime, with nothing of the product around it. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { metricsRegistry, seededRandom, silentLog, systemClock } from "@modelyard/core";
import { openArtifactStore } from "@modelyard/objects/store";
import { type LoadedModel, onnxRuntime } from "@modelyard/runtimes";

/** Loads an ONNX file as a serving process does, from a copy that is prepared in a folder of its own below this one. */
export async function loadOnnxModel(folder: string, file: string): Promise<LoadedModel> {
  const own = mkdtempSync(join(folder, "runtime-"));
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
