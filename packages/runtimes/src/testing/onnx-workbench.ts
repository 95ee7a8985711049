/** A real ONNX runtime over a temporary artifact store, for the tests of this package. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { metricsRegistry, seededRandom, silentLog, systemClock } from "@modelyard/core";
import { openArtifactStore } from "@modelyard/objects/store";
import { type OnnxModel, writeModel } from "@modelyard/onnx";
import type { LoadRequest, ModelRuntime } from "../contract.ts";
import { onnxRuntime } from "../onnx/onnx-runtime.ts";
import type { OnnxRuntimeOptions } from "../onnx/runtime-options.ts";

/** See the module. */
export interface OnnxWorkbench {
  readonly dir: string;
  readonly preparedDir: string;
  /** Opens another runtime on the same folders. The workbench closes it. */
  open(options?: Partial<OnnxRuntimeOptions>): ModelRuntime;
  /** Stores a model, or a tree of files by path, as an artifact. */
  store(model: OnnxModel | Uint8Array | Readonly<Record<string, Uint8Array>>, parameters?: LoadRequest["parameters"]): Promise<LoadRequest>;
  close(): Promise<void>;
}

/** Makes a workbench in a temporary folder. */
export async function onnxWorkbench(): Promise<OnnxWorkbench> {
  const dir = await mkdtemp(join(tmpdir(), "modelyard-runtimes-"));
  const preparedDir = join(dir, "prepared");
  const base = { clock: systemClock(), log: silentLog() };
  const artifacts = await openArtifactStore({ ...base, directory: join(dir, "objects"), random: seededRandom(1) });
  const runtimes: ModelRuntime[] = [];
  let count = 0;
  return {
    dir,
    preparedDir,
    open(options = {}) {
      const runtime = onnxRuntime({ ...base, artifacts, preparedDir, capacityBytes: 2 ** 30, metrics: metricsRegistry(), ...options });
      runtimes.push(runtime);
      return runtime;
    },
    async store(model, parameters = {}) {
      const path = join(dir, "sources", String(count++));
      await writeTree(path, filesOf(model));
      const artifact = await artifacts.ingest({ kind: "file", path });
      return { modelId: `model-${count}`, modelType: "onnx", artifactDigest: artifact.digest, parameters };
    },
    async close() {
      await Promise.all(runtimes.map((runtime) => runtime.close()));
      await artifacts.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function filesOf(model: OnnxModel | Uint8Array | Readonly<Record<string, Uint8Array>>): Readonly<Record<string, Uint8Array>> {
  if (model instanceof Uint8Array) return { "model.onnx": model };
  if ("opsetImport" in model) return { "model.onnx": writeModel(model as OnnxModel) };
  return model as Readonly<Record<string, Uint8Array>>;
}

async function writeTree(root: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  for (const [path, bytes] of Object.entries(files)) {
    const target = join(root, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes);
  }
}
