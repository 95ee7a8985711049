/** The server that is fuzzed, in a process of its own: wire, gateway, mesh and ONNX Runtime as they serve. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describeError, type Log, metricsRegistry, silentLog, systemClock } from "@modelyard/core";
import { type MemoryMesh, memoryMesh } from "@modelyard/mesh/testing";
import { type ModelRuntime, type OnnxRuntimeOptions, onnxRuntime } from "@modelyard/runtimes";
import { createWireServer } from "@modelyard/wire";
import { createGateway } from "../../gateway.ts";
import { watchEventLoop } from "./event-loop-watch.ts";
import { type PlantedServerFault, parsePlantedFault, withPlantedFault } from "./planted-fault.ts";
import { type FuzzServerMessage, serverFigures } from "./server-figures.ts";

const gatewayFolder = join(import.meta.dirname, "../../..");
const identityFile = (datatype: string): string => join(gatewayFolder, `testdata/fuzz-models/identity_${datatype}.onnx`);
const modelFiles: Readonly<Record<string, string>> = {
  digits: join(gatewayFolder, "../../samples/digits/digits.onnx"),
  identity_fp32: identityFile("fp32"),
  identity_int64: identityFile("int64"),
  identity_bytes: identityFile("bytes"),
  /** For conversations that unload a model. */
  spare: identityFile("fp32"),
};
/** Runs in a worker, so that answers which take their time are fuzzed too. */
const workerModel = "identity_int64";
const capacityBytes = 2 ** 30;
const loadLimitMs = 60_000;
const longestLogged = 2_000;
const clock = systemClock();
const log: Log = {
  ...silentLog(),
  error: (message, error) => say({ kind: "logged", text: `${message}: ${JSON.stringify(describeError(error)).slice(0, longestLogged)}` }),
  with: () => log,
};

function say(message: FuzzServerMessage): void {
  process.send?.(message);
}

function digestOf(path: string): string {
  return `sha256:${createHash("sha256").update(readFileSync(path)).digest("hex")}`;
}

/** The model files, each an artifact. */
function artifactsOf(paths: readonly string[]): OnnxRuntimeOptions["artifacts"] {
  const byDigest = new Map(paths.map((path) => [digestOf(path), path]));
  return {
    async open(digest) {
      const path = byDigest.get(digest) ?? "";
      const sizeBytes = readFileSync(path).length;
      const artifact = { digest, files: [{ path: "model.onnx", digest, sizeBytes }], totalBytes: sizeBytes };
      return { artifact, pathOf: () => path, close: async () => {} };
    },
    close: async () => {},
  };
}

/** All models, loaded. */
async function startModels(preparedDir: string): Promise<MemoryMesh["mesh"]> {
  const metrics = metricsRegistry();
  const base = { artifacts: artifactsOf(Object.values(modelFiles)), preparedDir, capacityBytes, clock, log, metrics };
  const inline = onnxRuntime({ ...base, limits: { inlineBelowMicros: Number.POSITIVE_INFINITY } });
  const worker = onnxRuntime({ ...base, limits: { inlineBelowMicros: 0, maxWorkers: 1 } });
  const runtimeOf = ({ parameters }: { readonly parameters: Readonly<Record<string, string>> }): ModelRuntime =>
    parameters["placement"] === "worker" ? worker : inline;
  const models = await memoryMesh({ runtimes: [inline, worker], runtimeOf, clock, log, metrics });
  for (const [name, path] of Object.entries(modelFiles)) {
    const parameters: Readonly<Record<string, string>> = name === workerModel ? { placement: "worker" } : {};
    await models.deploy({ name, artifactDigest: digestOf(path), runtime: inline.name, parameters });
  }
  return models.mesh;
}

async function start(preparedDir: string, fault: PlantedServerFault | undefined): Promise<void> {
  const mesh = await startModels(preparedDir);
  const gateway = createGateway({ mesh, clock, log, metrics: metricsRegistry(), serverName: "modelyard", serverVersion: "fuzz" });
  const onRequest = fault === undefined ? gateway.onRequest : withPlantedFault(gateway.onRequest, fault, log);
  const server = createWireServer({ clock, log }, onRequest);
  const address = await server.listen({ host: "127.0.0.1", port: 0 });
  const watch = watchEventLoop();
  const report = async (): Promise<void> => {
    // A conversation may have unloaded a model; the next ones are to find all.
    const unloaded = mesh.list().filter(({ isUnloaded }) => isUnloaded);
    await Promise.all(unloaded.map((route) => mesh.load(route, { deadlineMs: clock.monotonicMs() + loadLimitMs })));
    say(await serverFigures(server, watch));
  };
  process.on("disconnect", () => process.exit(0));
  process.on("message", () => void report());
  say({ kind: "listening", port: "port" in address ? address.port : 0 });
}

const [preparedFolder, faultName] = process.argv.slice(2);
if (process.send && preparedFolder !== undefined) await start(preparedFolder, parsePlantedFault(faultName));
