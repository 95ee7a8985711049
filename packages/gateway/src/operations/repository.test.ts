import type { InferenceParameters } from "@modelyard/codec";
import { failure, PlatformError, systemClock } from "@modelyard/core";
import { type FakeMesh, type FakeService, fakeMesh } from "@modelyard/mesh/testing";
import { describe, expect, it } from "vitest";
import { InferenceRunner } from "../inference/inference-runner.ts";
import type { Waiter } from "../inference/request-life.ts";
import { testModel } from "../testing/test-server.ts";
import { type LoadModelDeps, loadModel, type RepositoryCall, unloadModel } from "./load-model.ts";
import { repositoryIndex } from "./repository-index.ts";

const limits = { maxBodyBytes: 2 ** 20, requestTimeoutMs: 60_000, maxWaiting: 100, maxWaitingBytes: 2 ** 20, maxQueuedPerModel: 10 };
const patient: Waiter = { deadlineMs: undefined, onGone() {} };

async function start(load: FakeService["revisions"][0]["load"] = "loaded"): Promise<LoadModelDeps & { readonly mesh: FakeMesh }> {
  const models = [await testModel("default/pair__isvc-2"), await testModel("default/pair__isvc-1")] as const;
  const mesh = fakeMesh({
    services: [
      {
        name: "pair",
        modelName: "Pair",
        revisions: [
          { revision: 2, model: models[0], load },
          { revision: 1, model: models[1], load },
        ],
      },
      { name: "other", revisions: [{ revision: 1, model: await testModel("default/other__isvc-1") }] },
      { namespace: "elsewhere", name: "far", revisions: [{ revision: 1, model: await testModel("elsewhere/far__isvc-1") }] },
    ],
  });
  return { mesh, runner: new InferenceRunner({ mesh, clock: systemClock(), limits }) };
}

function call(model: string, parameters?: InferenceParameters): RepositoryCall {
  return { reference: { namespace: "default", model }, parameters, waiter: patient };
}

const index = (mesh: FakeMesh, onlyReady = false): readonly string[] =>
  repositoryIndex(mesh, { namespace: "default", onlyReady }).map((one) => `${one.name} ${one.version} ${one.state} ${one.reason}`.trim());

async function refusal(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "fulfilled",
    (error: unknown) => `${PlatformError.from(error).reason} ${PlatformError.from(error).message}`,
  );
}

describe("repositoryIndex()", () => {
  it("names every revision of a namespace under the name clients use", async () => {
    const { mesh } = await start();
    expect([...index(mesh)].sort()).toEqual(["Pair 1 READY", "Pair 2 READY", "other 1 READY"]);
  });

  it("calls an evicted revision ready, as a request loads it, and says of the others why they are not", async () => {
    const { mesh, runner } = await start("onDemand");
    expect(index(mesh)).toContain("Pair 2 READY");
    await unloadModel({ mesh, runner }, call("pair"));
    expect(index(mesh)).toContain("Pair 2 UNAVAILABLE unloaded");
    const failing = await start(failure("MODEL_NOT_REGISTERED", { service: "pair" }));
    expect(index(failing.mesh)).toContain("Pair 2 UNAVAILABLE the last load failed");
    const loading = await start("manual");
    const load = loadModel(loading, call("pair"));
    expect(index(loading.mesh)).toContain("Pair 2 LOADING a load is under way");
    loading.mesh.finishLoad("default/pair__isvc-2");
    await load;
    expect(index(loading.mesh)).toContain("Pair 2 READY");
  });

  it("leaves out what is not ready when only what is ready is wanted", async () => {
    const deps = await start();
    await unloadModel(deps, call("pair"));
    expect(index(deps.mesh, true)).toEqual(["other 1 READY"]);
  });
});

describe("loadModel() and unloadModel()", () => {
  it("unload a service until it is loaded again", async () => {
    const deps = await start("onDemand");
    await unloadModel(deps, call("Pair", { unload_dependents: true }));
    expect(deps.mesh.find("default", "pair")?.isUnloaded).toBe(true);
    await loadModel(deps, call("pair"));
    expect(deps.mesh.find("default", "pair")?.isUnloaded).toBe(false);
    expect(deps.mesh.holds).toBe(0);
  });

  it("refuse a model that is not there", async () => {
    const deps = await start();
    expect(await refusal(loadModel(deps, call("nowhere")))).toContain("MODEL_NOT_FOUND");
    expect(await refusal(unloadModel(deps, call("nowhere")))).toContain("MODEL_NOT_FOUND");
  });

  it.each([
    [{ config: "{}" }, '"config"'],
    [{ "file:1/model.onnx": "AAAA" }, '"file:1/model.onnx"'],
  ])("refuse %o as a revision is immutable", async (parameters, words) => {
    const answer = await refusal(loadModel(await start(), call("pair", parameters)));
    expect(answer).toContain("UNIMPLEMENTED");
    expect(answer).toContain(words);
    expect(answer).toContain("immutable");
  });

  it("refuse an unload_dependents that is no boolean", async () => {
    expect(await refusal(unloadModel(await start(), call("pair", { unload_dependents: "yes" })))).toContain('true or false, got "yes"');
  });

  it("hand on the failure of a load", async () => {
    const deps = await start(failure("MODEL_NOT_REGISTERED", { service: "pair" }));
    expect(await refusal(loadModel(deps, call("pair")))).toContain("MODEL_NOT_REGISTERED");
  });
});
