import { failure } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import type { LoadedModel } from "@modelyard/runtimes";
import { fakeRuntime } from "@modelyard/runtimes/testing";
import { expect, test } from "vitest";
import { fakeMesh } from "./fake-mesh.ts";

function load(modelId: string): Promise<LoadedModel> {
  return fakeRuntime({ clock: fakeClock() }).load({ modelId, modelType: "onnx", artifactDigest: "", parameters: {} });
}

test("fakeMesh() routes by object and model name and hands out loaded models without a promise", async () => {
  const [v1, v2] = [await load("a1"), await load("a2")];
  const mesh = fakeMesh({
    services: [
      {
        name: "a",
        modelName: "A!",
        revisions: [
          { revision: 2, model: v2 },
          { revision: 1, model: v1 },
        ],
      },
    ],
  });
  expect(mesh.find("default", "A!")).toBe(mesh.find("default", "a"));
  const held = mesh.acquire("a1", { deadlineMs: 0 });
  expect(held).toMatchObject({ revision: 1, model: v1 });
  expect(mesh.holds).toBe(1);
  (await held).release();
  expect(mesh.holds).toBe(0);
});

test("fakeMesh() loads when the test says so, or fails as it says", async () => {
  const broken = failure("MODEL_LOAD_FAILED", { why: "test" });
  const mesh = fakeMesh({
    services: [
      { name: "a", revisions: [{ revision: 1, model: await load("a1"), load: "manual" }] },
      { name: "b", revisions: [{ revision: 1, model: await load("b1"), load: broken }] },
      { name: "c", revisions: [{ revision: 1, model: await load("c1"), load: "onDemand" }] },
    ],
  });
  const waiting = mesh.acquire("a1", { deadlineMs: 0 });
  expect([mesh.waiting, mesh.state("a1"), mesh.state("b1")]).toEqual([1, "Loading", "FailedToLoad"]);
  mesh.finishLoad("a1");
  expect((await waiting).model.modelId).toBe("a1");
  await expect(mesh.acquire("b1", { deadlineMs: 0 })).rejects.toBe(broken);
  expect((await mesh.acquire("c1", { deadlineMs: 0 })).model.modelId).toBe("c1");
  mesh.evict("a1");
  const again = mesh.acquire("a1", { deadlineMs: 0 });
  mesh.failLoad("a1", broken);
  await expect(again).rejects.toBe(broken);
});

test("fakeMesh() grows its epoch when its services change and forgets those that are gone", async () => {
  const mesh = fakeMesh({ services: [{ name: "a", revisions: [{ revision: 1, model: await load("a1") }] }] });
  const { epoch } = mesh;
  mesh.setServices([{ name: "b", revisions: [{ revision: 1, model: await load("b1") }] }]);
  expect(mesh.epoch).toBeGreaterThan(epoch);
  expect([mesh.find("default", "a"), mesh.list().length]).toEqual([undefined, 1]);
  await expect(mesh.acquire("a1", { deadlineMs: 0 })).rejects.toMatchObject({ reason: "MODEL_NOT_REGISTERED" });
});
