/** The runtime alone. Arguments: folder, model file, what to measure: `together|alone`, CPU a request of 64 at once; `rows|row`, time a row of one run of many or of one. Prints microseconds. */
import { globSync, mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { metricsRegistry, seededRandom, silentLog, systemClock } from "@modelyard/core";
import { openArtifactStore } from "@modelyard/objects/store";
import { type InferRequest, onnxRuntime } from "@modelyard/runtimes";
import { denseSizes } from "../dense-net.ts";

const [folder = "", file = "", mode = ""] = process.argv.slice(2);
const own = mkdtempSync(join(folder, "runtime-"));
const base = { clock: systemClock(), log: silentLog(), random: seededRandom(1) };
const artifacts = await openArtifactStore({ ...base, directory: join(own, "objects") });
const runtime = onnxRuntime({ ...base, artifacts, preparedDir: join(own, "prepared"), capacityBytes: 2 ** 30, metrics: metricsRegistry() });
const { digest } = await artifacts.ingest({ kind: "file", path: file });
const parameters: Readonly<Record<string, string>> = mode === "alone" ? { max_batch_size: "1" } : {};
const model = await runtime.load({ modelId: "dense", modelType: "onnx", artifactDigest: digest, parameters });
if (mode === "rows" || mode === "row") {
  console.log(microsARow(mode));
  process.exit(0);
}
const bytes = new Uint8Array(Float32Array.from({ length: denseSizes[0] }, (_, index) => (index % 11) / 11).buffer);
const request: InferRequest = { inputs: [{ name: "x", datatype: "FP32", shape: [1, denseSizes[0]], bytes }], outputNames: undefined };
const inFlight = 64;

/** As it was measured when the model was prepared: medians of runs with nothing around them. */
function microsARow(of: "rows" | "row"): number {
  const [path = ""] = globSync(join(own, "prepared", "**", "info.json"));
  const info = JSON.parse(readFileSync(path, "utf8")) as {
    readonly runMicros: number;
    readonly rows: { readonly rows: number; readonly micros: number };
  };
  return of === "row" ? info.runMicros : info.rows.micros / info.rows.rows;
}

async function rounds(count: number): Promise<void> {
  for (let round = 0; round < count; round++) {
    await Promise.all(Array.from({ length: inFlight }, async () => model.infer(request)));
  }
}

const measuredRounds = 400;
await rounds(50);
const before = process.cpuUsage();
await rounds(measuredRounds);
const { user, system } = process.cpuUsage(before);
console.log((user + system) / (measuredRounds * inFlight));
process.exit(0);
