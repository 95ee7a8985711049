/** A real mesh of one instance over a store in memory, on the machine's clock, for the tests of the packages above. */
import { type Clock, type Log, type Metrics, seededRandom, sleep } from "@modelyard/core";
import type { ModelRuntime } from "@modelyard/runtimes";
import { memoryStore } from "@modelyard/store";
import { modelIdOf, vmodelIdOf } from "../identity.ts";
import type { RunningMesh } from "../running-mesh.ts";
import { startMesh } from "../start-mesh.ts";
import type { MeshOptions } from "../start-options.ts";
import { setVModel } from "../vmodels/apply.ts";

/** Options of {@link memoryMesh}. */
export interface MemoryMeshOptions extends Pick<MeshOptions, "runtimes" | "runtimeOf"> {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A service of {@link MemoryMesh.deploy}. */
export interface MemoryService {
  readonly name: string;
  readonly artifactDigest: string;
  readonly runtime: ModelRuntime["name"];
  readonly parameters?: Readonly<Record<string, string>>;
}

/** See the module. */
export interface MemoryMesh {
  readonly mesh: RunningMesh;
  /** Deploys a service of the namespace `default` as revision 1; resolves when it is loaded, rejects with what its load failed with. */
  readonly deploy: (service: MemoryService) => Promise<void>;
  readonly close: () => Promise<void>;
}

const capacityBytes = 2 ** 30;
const loadLimitMs = 60_000;
const routePollMs = 2;

/** Starts it. */
export async function memoryMesh({ clock, log, metrics, ...runtimes }: MemoryMeshOptions): Promise<MemoryMesh> {
  const random = seededRandom(1);
  const store = memoryStore({ clock, random });
  const facts = { instanceId: "one", capacityBytes, version: "test", pid: process.pid };
  const mesh = await startMesh({ ...runtimes, ...facts, store, clock, log, metrics, random });
  return {
    mesh,
    async deploy({ name, artifactDigest, runtime, parameters = {} }) {
      const model = { type: "onnx", artifactDigest, parameters, runtime };
      const targetModelId = modelIdOf({ namespace: "default", name, ...model });
      const target = { targetModelId, targetRevision: 1, model, autoDelete: true };
      await setVModel(store, { vmodelId: vmodelIdOf("default", name), owner: "isvc", ...target });
      while (!mesh.find("default", name)) await sleep(clock, routePollMs);
      const held = await mesh.acquire(targetModelId, { deadlineMs: clock.monotonicMs() + loadLimitMs });
      held.release();
    },
    async close() {
      await mesh.close();
      await store.close();
    },
  };
}
