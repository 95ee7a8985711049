/** The life of a service through control: a test plays the serving process by writing the mesh's records. */
import {
  eventKind,
  type InferenceService,
  inferenceServiceKind,
  type Model,
  modelKind,
  modelNameAnnotation,
  namespaceKind,
  refetchAnnotation,
  servingRuntimeKind,
} from "@modelyard/api";
import { failure } from "@modelyard/core";
import {
  decodeModelRecord,
  decodeVModelRecord,
  encodeRecord,
  type ModelRecord,
  modelKey,
  type VModelRecord,
  vmodelKey,
} from "@modelyard/mesh";
import { getKey, putOperation } from "@modelyard/store";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type RunningControl, runControl } from "./testing/running-control.ts";

let running: RunningControl;

beforeEach(async () => {
  running = await runControl();
});
afterEach(() => running.close());

const eventually = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 10_000, interval: 20 });

function service(storageUri: string | undefined, more: { annotations?: Record<string, string>; model?: object } = {}): InferenceService {
  return {
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: { name: "digits", namespace: "default", annotations: more.annotations ?? {} },
    spec: { predictor: { model: { modelFormat: { name: "onnx" }, ...(storageUri === undefined ? {} : { storageUri }), ...more.model } } },
  };
}

const read = (): Promise<InferenceService> => running.http.get(inferenceServiceKind, { name: "digits" });

async function vmodel(): Promise<VModelRecord> {
  const keyValue = await getKey(running.store, vmodelKey("default/digits"));
  const record = keyValue && decodeVModelRecord(keyValue.value);
  if (!record) throw new Error("There is no vmodel yet");
  return record;
}

async function model(modelId: string): Promise<ModelRecord | undefined> {
  const keyValue = await getKey(running.store, modelKey(modelId));
  return keyValue && decodeModelRecord(keyValue.value);
}

const signature = { platform: "onnx_onnxruntime", inputs: [], outputs: [] };
const loadedCopy = { i1: { state: "loaded", startedAtMs: 1, loadedAtMs: 2 } } as const;

/** What a serving process writes of a model. */
async function serve(modelId: string, change: Partial<ModelRecord>): Promise<void> {
  const record = await model(modelId);
  if (!record) throw new Error(`The model ${modelId} is not registered`);
  await running.store.transact({ success: [putOperation(modelKey(modelId), encodeRecord({ ...record, ...change }))] });
}

async function setVModel(change: Partial<VModelRecord>): Promise<void> {
  await running.store.transact({ success: [putOperation(vmodelKey("default/digits"), encodeRecord({ ...(await vmodel()), ...change }))] });
}

async function deployed(content = "first"): Promise<VModelRecord> {
  await running.http.create(inferenceServiceKind, service(await running.file("digits.onnx", content)));
  const record = await eventually(vmodel);
  await serve(record.activeModelId, { copies: loadedCopy, signature });
  await eventually(async () => expect((await read()).status?.modelStatus?.states?.activeModelState).toBe("Loaded"));
  return record;
}

/** Waits until control has looked at what was asked for before: a service made now has its status. */
async function everythingBefore(): Promise<void> {
  await running.http.create(inferenceServiceKind, { ...service(undefined), metadata: { name: "marker", namespace: "default" } });
  await eventually(async () =>
    expect((await running.http.get(inferenceServiceKind, { name: "marker" })).status?.observedGeneration).toBe(1),
  );
}

const words = (one: InferenceService): unknown => {
  const { transitionStatus, states } = one.status?.modelStatus ?? {};
  const ready = one.status?.conditions?.find(({ type }) => type === "Ready")?.status;
  return [states?.activeModelState, states?.targetModelState, transitionStatus, ready];
};

describe("an InferenceService", () => {
  test("is fetched, registered and loaded, in words and order of ModelMesh", async () => {
    const seen: unknown[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      for await (const { object } of running.http.watch(inferenceServiceKind, { namespace: "default", signal: stop.signal })) {
        const state = object.status?.modelStatus?.states?.activeModelState;
        if (state !== undefined && state !== seen.at(-1)) seen.push(state);
      }
    })();
    await running.http.create(inferenceServiceKind, service(await running.file("digits.onnx", "weights")));
    const record = await eventually(vmodel);
    expect(record).toMatchObject({
      owner: "isvc",
      activeRevision: 1,
      targetRevision: 1,
      targetModelId: record.activeModelId,
      failed: false,
    });
    expect(await model(record.activeModelId)).toMatchObject({
      type: "onnx",
      runtime: "onnxruntime",
      revision: 1,
      references: 1,
      autoDelete: true,
    });
    await serve(record.activeModelId, { copies: { i1: { state: "loading", startedAtMs: 1 } } });
    await eventually(async () => expect((await read()).status?.modelyard).toMatchObject({ stage: "verify", targetRevision: 1 }));
    await serve(record.activeModelId, { copies: { i1: { state: "loading", stage: "prepare", startedAtMs: 1 } } });
    await eventually(async () => expect((await read()).status?.modelyard).toMatchObject({ stage: "prepare", targetRevision: 1 }));
    await serve(record.activeModelId, { copies: loadedCopy, signature });
    const ready = await eventually(async () => {
      const one = await read();
      expect(words(one)).toEqual(["Loaded", "", "UpToDate", "True"]);
      return one;
    });
    expect(seen).toEqual(["Pending", "Loading", "Loaded"]);
    const url = "http://127.0.0.1:8033";
    expect(ready.status).toMatchObject({
      observedGeneration: 1,
      url,
      components: { predictor: { url, restUrl: url, grpcUrl: "grpc://127.0.0.1:8033" } },
      clusterServingRuntimeName: "onnxruntime",
      modelStatus: { copies: { totalCopies: 1, failedCopies: 0 } },
      modelyard: {
        revision: 1,
        url: `${url}/v2/models/digits`,
        grpc: "127.0.0.1:8033",
        modelName: "digits",
        digest: expect.stringMatching(/^sha256:/),
      },
    });
    expect(ready.status?.modelStatus?.lastFailureInfo).toBeUndefined();
    expect(ready.status?.modelyard).not.toHaveProperty("targetRevision");
    const { items } = await running.http.list(eventKind, { fieldSelector: "involvedObject.name=digits" });
    expect(new Set(items.map(({ reason }) => reason))).toEqual(new Set(["Fetching", "Fetched", "Registered", "Served"]));
    stop.abort();
    await watching;
  });

  test("keeps serving while its next revision loads, and becomes it", async () => {
    const first = await deployed();
    const changed = service(await running.file("next.onnx", "second"));
    await running.http.update(inferenceServiceKind, changed);
    const next = await eventually(async () => {
      const record = await vmodel();
      expect(record.targetRevision).toBe(2);
      return record;
    });
    expect(next).toMatchObject({ activeModelId: first.activeModelId, activeRevision: 1 });
    await serve(next.targetModelId, { copies: { i1: { state: "loading", stage: "load", startedAtMs: 1 } } });
    await eventually(async () => expect(words(await read())).toEqual(["Loaded", "Loading", "InProgress", "True"]));
    await serve(next.targetModelId, { copies: loadedCopy, signature });
    await setVModel({ activeModelId: next.targetModelId, activeRevision: 2 });
    await eventually(async () => {
      const one = await read();
      expect(words(one)).toEqual(["Loaded", "", "UpToDate", "True"]);
      expect(one.status?.modelyard?.revision).toBe(2);
    });
  });

  test("is not ready while the repository API has it unloaded, and says why", async () => {
    const { activeModelId } = await deployed();
    await setVModel({ unloadedModelId: activeModelId });
    await eventually(async () => {
      const ready = (await read()).status?.conditions?.find(({ type }) => type === "Ready");
      expect(ready).toMatchObject({ status: "False", reason: "Unloaded" });
    });
    await setVModel({ unloadedModelId: "default/digits__isvc-another" });
    await eventually(async () => expect(words(await read())).toEqual(["Loaded", "", "UpToDate", "True"]));
  });

  test("stays with the old revision when the new source cannot be had", async () => {
    const first = await deployed();
    await running.http.update(inferenceServiceKind, service("file:///nowhere/digits.onnx"));
    const blocked = await eventually(async () => {
      const one = await read();
      expect(words(one)).toEqual(["Loaded", "FailedToLoad", "BlockedByFailedLoad", "True"]);
      return one;
    });
    expect(blocked.status?.modelStatus?.lastFailureInfo).toMatchObject({ reason: "ModelLoadFailed", location: "control" });
    expect(await vmodel()).toEqual(first);
  });

  test("shows the failure of its target, and goes back to an earlier revision under a new number", async () => {
    const first = await deployed();
    await running.http.update(inferenceServiceKind, service(await running.file("bad.onnx", "bad")));
    const next = await eventually(async () => {
      const record = await vmodel();
      expect(record.targetRevision).toBe(2);
      return record;
    });
    const error = failure("MODEL_LOAD_FAILED", { why: "it is truncated" }).toPublic();
    await serve(next.targetModelId, { failures: { "serving-process-1": { atMs: Date.now(), error } } });
    await setVModel({ failed: true });
    await eventually(async () => {
      const one = await read();
      expect(words(one)).toEqual(["Loaded", "FailedToLoad", "BlockedByFailedLoad", "True"]);
      expect(one.status?.modelyard?.failure).toMatchObject({ reason: "MODEL_LOAD_FAILED", message: expect.stringContaining("truncated") });
      expect(one.status?.modelStatus?.lastFailureInfo?.location).toBe("ng-process-1");
    });
    await running.http.update(inferenceServiceKind, service(`file://${running.folder}/digits.onnx`));
    await eventually(async () =>
      expect(await vmodel()).toMatchObject({ activeModelId: first.activeModelId, activeRevision: 3, failed: false }),
    );
    expect(await model(next.targetModelId)).toBeUndefined();
  });

  test.each([
    ["no storage", undefined, {}, "ModelLoadFailed", "Predictor Storage field missing", "control"],
    [
      "a model type nobody serves",
      "file:///m",
      { modelFormat: { name: "keras" } },
      "NoSupportingRuntime",
      "No ServingRuntime supports specified model type and/or protocol",
      undefined,
    ],
    [
      "a version nobody serves",
      "file:///m",
      { modelFormat: { name: "onnx", version: "1.15" } },
      "NoSupportingRuntime",
      "No ServingRuntime supports",
      undefined,
    ],
    ["an unknown runtime", "file:///m", { runtime: "tritn" }, "RuntimeNotRecognized", "Specified runtime name not recognized", undefined],
    ["a scheme that is not served", "ftp://server/m", {}, "InvalidPredictorSpec", "ftp", "control"],
    ["a missing file", "file:///nowhere/m.onnx", {}, "ModelLoadFailed", "/nowhere/m.onnx", "control"],
  ])("with %s fails as the conformance list says", async (_what, uri, more, reason, message, location) => {
    await running.http.create(inferenceServiceKind, service(uri, { model: more }));
    const failed = await eventually(async () => {
      const one = await read();
      expect(words(one)).toEqual(["FailedToLoad", "", "UpToDate", "False"]);
      return one;
    });
    const info = failed.status?.modelStatus?.lastFailureInfo;
    expect(info).toMatchObject({ reason, message: expect.stringContaining(message) });
    expect(info?.location).toBe(location);
    expect(Date.now() - Date.parse(info?.time ?? "")).toBeLessThan(60_000);
  });

  test("finds a runtime that comes later", async () => {
    await running.http.create(inferenceServiceKind, service(await running.file("m", "m"), { model: { modelFormat: { name: "keras" } } }));
    await eventually(async () => expect(words(await read())).toEqual(["FailedToLoad", "", "UpToDate", "False"]));
    await running.http.create(servingRuntimeKind, {
      apiVersion: "serving.kserve.io/v1alpha1",
      kind: "ServingRuntime",
      metadata: { name: "keras", namespace: "default" },
      spec: { containers: [], multiModel: true, supportedModelFormats: [{ name: "keras", autoSelect: true }] },
    });
    await eventually(vmodel);
    expect((await model((await vmodel()).activeModelId))?.runtime).toBe("keras");
  });

  test("goes with everything the mesh kept for it", async () => {
    const { activeModelId } = await deployed();
    await running.http.delete(inferenceServiceKind, { name: "digits" });
    await eventually(async () => expect(await getKey(running.store, vmodelKey("default/digits"))).toBeUndefined());
    expect(await model(activeModelId)).toBeUndefined();
  });

  test("is fetched again when asked to: other bytes give a revision, the same do not", async () => {
    await deployed();
    const refetch = async (value: string): Promise<void> => {
      const one = await read();
      await running.http.update(inferenceServiceKind, {
        ...one,
        metadata: { ...one.metadata, annotations: { [refetchAnnotation]: value } },
      });
      await eventually(async () => {
        const { modelyard, modelStatus } = (await read()).status ?? {};
        expect([modelyard?.refetch, modelyard?.stage, modelStatus?.states?.targetModelState === "Loading"]).toEqual([
          value,
          undefined,
          false,
        ]);
      });
    };
    await refetch("1");
    expect(await vmodel()).toMatchObject({ targetRevision: 1 });
    await running.file("digits.onnx", "changed");
    await refetch("2");
    expect(await vmodel()).toMatchObject({ targetRevision: 2 });
  });

  test("has the name clients use in its address and its vmodel", async () => {
    await running.http.create(
      inferenceServiceKind,
      service(await running.file("m", "m"), { annotations: { [modelNameAnnotation]: "Digits/v1" } }),
    );
    expect(await eventually(vmodel)).toMatchObject({ modelName: "Digits/v1" });
    await eventually(async () => expect((await read()).status?.modelyard?.url).toBe("http://127.0.0.1:8033/v2/models/Digits%2Fv1"));
  });

  test("survives a restart of control without being fetched again", async () => {
    const before = await deployed();
    const { status } = await read();
    running = await running.restart();
    await running.http.update(inferenceServiceKind, {
      ...(await read()),
      metadata: { name: "digits", namespace: "default", labels: { seen: "yes" } },
    });
    await everythingBefore();
    expect((await read()).status).toEqual(status);
    expect(await vmodel()).toEqual(before);
  });

  test("that went while control was away has its vmodel removed", async () => {
    await deployed();
    await running.control.close();
    await running.local.delete(inferenceServiceKind, { name: "digits" });
    running = await running.restart();
    await eventually(async () => expect(await getKey(running.store, vmodelKey("default/digits"))).toBeUndefined());
  });

  test("writes no status while nothing changes", async () => {
    await deployed();
    const before = (await read()).metadata.resourceVersion;
    running.control.refresh();
    await everythingBefore();
    expect((await read()).metadata.resourceVersion).toBe(before);
  });
});

describe("a Model", () => {
  const newModel = (uri: string): Model => ({
    apiVersion: "modelyard.dev/v1alpha1",
    kind: "Model",
    metadata: { name: "digits", namespace: "default" },
    spec: { source: { uri } },
  });
  const readModel = (): Promise<Model> => running.http.get(modelKind, { name: "digits" });

  test("becomes an InferenceService, tells how far it is, and takes it along when it goes", async () => {
    await running.http.create(modelKind, newModel(await running.file("digits.onnx", "weights")));
    const { activeModelId } = await eventually(vmodel);
    await eventually(async () => expect((await readModel()).status?.phase).toBe("Deploying"));
    await serve(activeModelId, { copies: loadedCopy, signature });
    const done = await eventually(async () => {
      const one = await readModel();
      expect(one.status?.phase).toBe("Deployed");
      return one;
    });
    expect(done.status).toMatchObject({ digest: expect.stringMatching(/^sha256:/), deployed: { inferenceService: "digits", revision: 1 } });
    expect(done.status?.timeline?.map(({ phase }) => phase)).toEqual(["Deploying", "Deployed"]);
    await running.http.delete(modelKind, { name: "digits" });
    await eventually(async () => await expect(read()).rejects.toThrow(/was not found/));
  });

  test("fails with the reason of its service", async () => {
    await running.http.create(modelKind, newModel("file:///nowhere"));
    await eventually(async () => {
      const { status } = await readModel();
      expect(status).toMatchObject({ phase: "Failed", message: expect.stringContaining("SOURCE_NOT_FOUND") });
      expect(status?.findings).toHaveLength(1);
    });
  });

  test("leaves a service alone that is not its own", async () => {
    await running.http.create(inferenceServiceKind, service("file:///nowhere"));
    await running.http.create(modelKind, newModel("file:///elsewhere"));
    await eventually(async () =>
      expect((await readModel()).status).toMatchObject({ phase: "Failed", message: expect.stringContaining("does not belong") }),
    );
    expect((await read()).spec.predictor.model?.storageUri).toBe("file:///nowhere");
  });
});

describe("startControl()", () => {
  test("starts twice in one process without the two noticing each other", async () => {
    const other = await runControl();
    await running.http.create(namespaceKind, { apiVersion: "v1", kind: "Namespace", metadata: { name: "one" } });
    const names = async ({ http }: RunningControl): Promise<string[]> =>
      (await http.list(namespaceKind)).items.map((one) => one.metadata.name);
    expect([await names(running), await names(other)]).toEqual([["default", "one"], ["default"]]);
    await other.close();
  });

  test("says that its port is taken", async () => {
    const port = Number(new URL(running.control.url).port);
    await expect(runControl({ port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  test("closes twice, and with a watch that is open", async () => {
    const opened = Promise.withResolvers<void>();
    const stop = new AbortController();
    const watched = (async () => {
      for await (const _ of running.http.watch(namespaceKind, { signal: stop.signal })) opened.resolve();
    })();
    await opened.promise;
    await running.control.close();
    await running.control.close();
    await expect(fetch(running.control.url)).rejects.toThrow("fetch failed");
    stop.abort();
    await watched;
  });
});
