import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterServingRuntimeKind, eventKind, type InferenceService, inferenceServiceKind, servingRuntimeKind } from "@modelyard/api";
import { seededRandom, silentLog } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { openArtifactStore } from "@modelyard/objects/store";
import { eventRecorder, startInformer, storeResources } from "@modelyard/resources";
import { memoryStore } from "@modelyard/store";
import { expect, test } from "vitest";
import { Fetches } from "../fetch/fetches.ts";
import { startMeshRecords } from "../mesh-records/mesh-records.ts";
import { ModelNames } from "./model-names.ts";
import { reconcileStatus } from "./status-reconciler.ts";
import { WritePace } from "./write-pace.ts";

test("reconcileStatus() is done with a service that went a moment ago, and tells no Event of it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "status-"));
  const stop = new AbortController();
  const common = { clock: fakeClock(), random: seededRandom(1), log: silentLog(), signal: stop.signal };
  const store = memoryStore(common);
  const artifacts = await openArtifactStore({ ...common, directory: folder });
  const client = storeResources(store, common);
  const service: InferenceService = {
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: { name: "digits", namespace: "default" },
    spec: { predictor: { model: { modelFormat: { name: "onnx" } } } },
  };
  await client.create(inferenceServiceKind, service);
  const inform = { ...common, client };
  const services = startInformer({ ...inform, kind: inferenceServiceKind });
  const events = eventRecorder({ ...common, client, component: "test" });
  const deps = {
    client,
    events,
    services,
    runtimes: startInformer({ ...inform, kind: servingRuntimeKind }),
    clusterRuntimes: startInformer({ ...inform, kind: clusterServingRuntimeKind }),
    secrets: { get: () => undefined },
    records: startMeshRecords({ ...common, store }),
    fetches: new Fetches({ ...common, artifacts, onChange: () => {} }),
    names: new ModelNames(services, () => {}),
    pace: new WritePace(common.clock),
    dataUrl: () => undefined,
    clock: common.clock,
  };
  await services.synced;
  // The copy does not hear of the deletion.
  stop.abort();
  await services.ended;
  await client.delete(inferenceServiceKind, { name: "digits" });
  expect(await reconcileStatus(deps, "default/digits")).toBeUndefined();
  await events.close();
  expect((await client.list(eventKind)).items).toEqual([]);
  await artifacts.close();
  await store.close();
  await rm(folder, { recursive: true, force: true });
});
