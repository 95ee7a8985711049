/** A real gateway on a real wire server in this process, over real ONNX models: what faults are planted in. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { metricsRegistry, seededRandom, silentLog, systemClock } from "@modelyard/core";
import { createGateway } from "@modelyard/gateway";
import type { FaultyParts } from "@modelyard/gateway/testing";
import { type FakeService, fakeMesh } from "@modelyard/mesh/testing";
import { openArtifactStore } from "@modelyard/objects/store";
import { type ModelRuntime, onnxRuntime } from "@modelyard/runtimes";
import { createWireServer } from "@modelyard/wire";
import { conformanceModels } from "./models.ts";

/** Models in memory, and servers over them. */
export interface Workbench {
  /** Starts a server whose parts went through `plant`. Default: as they are. */
  start(plant?: (parts: FaultyParts) => FaultyParts): Promise<GatewayUnderTest>;
  close(): Promise<void>;
}

/** One server. */
export interface GatewayUnderTest {
  /** `host:port`. */
  readonly address: string;
  close(): Promise<void>;
}

const capacityBytes = 2 ** 30;

/** Loads every model of the checks into one runtime. */
export async function openWorkbench(folder: string): Promise<Workbench> {
  const base = { clock: systemClock(), log: silentLog(), random: seededRandom(1) };
  const artifacts = await openArtifactStore({ ...base, directory: join(folder, "objects") });
  const preparedDir = join(folder, "prepared");
  const runtime = onnxRuntime({ ...base, artifacts, preparedDir, capacityBytes, metrics: metricsRegistry() });
  const services: FakeService[] = [];
  for (const { name, bytes } of conformanceModels()) {
    const path = join(folder, "sources", name);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, "model.onnx"), bytes);
    const { digest } = await artifacts.ingest({ kind: "file", path });
    services.push(await serviceOf(runtime, name, digest));
  }
  return {
    start: (plant = (parts) => parts) => startServer(services, plant),
    async close() {
      await runtime.close();
      await artifacts.close();
    },
  };
}

async function serviceOf(runtime: ModelRuntime, name: string, artifactDigest: string): Promise<FakeService> {
  const model = await runtime.load({ modelId: `default/${name}__isvc-1`, modelType: "onnx", artifactDigest, parameters: {} });
  return { name, revisions: [{ revision: 1, model }] };
}

async function startServer(services: readonly FakeService[], plant: (parts: FaultyParts) => FaultyParts): Promise<GatewayUnderTest> {
  const clock = systemClock();
  const log = silentLog();
  const { mesh, decorate } = plant({ mesh: fakeMesh({ services }), decorate: (handler) => handler });
  const gateway = createGateway({ mesh, clock, log, metrics: metricsRegistry(), serverName: "modelyard", serverVersion: "0" });
  const server = createWireServer({ clock, log }, decorate(gateway.onRequest));
  const address = await server.listen({ host: "127.0.0.1", port: 0 });
  if (!("port" in address)) throw new Error("The server listens on no port");
  return {
    address: `127.0.0.1:${address.port}`,
    async close() {
      await server.close();
      gateway.close();
    },
  };
}
