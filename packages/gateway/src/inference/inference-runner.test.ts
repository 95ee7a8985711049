import { metricsRegistry, systemClock } from "@modelyard/core";
import { type FakeMesh, fakeMesh } from "@modelyard/mesh/testing";
import type { InferRequest, InferSink, LoadedModel } from "@modelyard/runtimes";
import { describe, expect, it } from "vitest";
import { resolveModel } from "../routing/model-reference.ts";
import { testModel } from "../testing/index.ts";
import type { InferenceCall } from "./inference-call.ts";
import { InferenceRunner } from "./inference-runner.ts";

const limits = {
  maxBodyBytes: 1000,
  maxInFlight: 1000,
  requestTimeoutMs: 60_000,
  maxWaiting: 1,
  maxWaitingBytes: 1000,
  maxQueuedPerModel: 1,
};

const request = {
  modelName: "pair",
  modelVersion: "",
  id: "",
  parameters: undefined,
  inputs: [
    {
      name: "x",
      datatype: "FP32" as const,
      shape: [1, 2],
      parameters: undefined,
      contents: { kind: "raw" as const, bytes: new Uint8Array(8) },
    },
  ],
  outputs: [],
};

/** Runs one request, whose face behaves as `face` says; resolves with what it was told. */
function run(runner: InferenceRunner, mesh: FakeMesh, face: Partial<InferenceCall> = {}): Promise<unknown> {
  return new Promise((resolve) => {
    runner.start({
      resolved: resolveModel(mesh, { namespace: "default", model: "pair", version: "" }),
      deadlineMs: undefined,
      sizeBytes: 8,
      request: () => request,
      keep: () => {},
      answer: () => resolve("answered"),
      fail: resolve,
      onGone: () => {},
      ...face,
    });
  });
}

describe("InferenceRunner gives a hold back, and its place among those who wait,", () => {
  const broken = (): never => {
    throw new Error("defect");
  };
  const defect = expect.objectContaining({ message: "defect" });

  it.each([
    ["when the request cannot be kept", { keep: broken }],
    ["when the request cannot be read", { request: broken }],
    ["when the answer cannot be written", { answer: broken }],
  ])("%s", async (_, face) => {
    const model = await testModel("default/pair__isvc-1");
    const mesh = fakeMesh({ services: [{ name: "pair", revisions: [{ revision: 1, model, load: "manual" }] }] });
    const runner = new InferenceRunner({ mesh, clock: systemClock(), limits });
    const cold = run(runner, mesh, face);
    mesh.finishLoad("default/pair__isvc-1");
    expect(await cold).toEqual(defect);
    await expect.poll(() => mesh.holds).toBe(0);
    if (!("keep" in face)) expect(await run(runner, mesh, face)).toEqual(defect);
    expect(mesh.holds).toBe(0);
    mesh.evict("default/pair__isvc-1");
    const next = run(runner, mesh);
    mesh.finishLoad("default/pair__isvc-1");
    expect(await next).toBe("answered");
    await expect.poll(() => mesh.holds).toBe(0);
  });
});

/** Runs requests together once two are there, and fails those that come later. */
async function pairingModel(placement: LoadedModel["placement"]): Promise<LoadedModel> {
  const model = await testModel("default/pair__isvc-1");
  const { modelId, signature, sizeBytes, sizeSource, runMicros } = model;
  const waiting: { readonly request: InferRequest; readonly sink: InferSink }[] = [];
  let isSpent = false;
  const inferTo = (request: InferRequest, sink: InferSink): void => {
    if (isSpent) return sink.failed(new Error("spent"));
    waiting.push({ request, sink });
    isSpent = waiting.length === 2;
    if (!isSpent) return;
    for (const [index, one] of waiting.entries()) {
      const outputs = one.request.inputs.map((input) => ({ ...input, name: "y" }));
      one.sink.ran(outputs, { rows: 2, requests: 2, runMs: 0, isCounted: index === 1 });
    }
  };
  const facts = { modelId, signature, sizeBytes, sizeSource, runMicros, placement, maxConcurrency: 0 };
  return { ...facts, inferTo, infer: (request) => model.infer(request), unload: () => model.unload() };
}

describe("InferenceRunner, of a model whose requests run together,", () => {
  it.each(["inline", "worker"] as const)("answers each, counts their run once, and gives every hold back: %s", async (placement) => {
    const model = await pairingModel(placement);
    const mesh = fakeMesh({ services: [{ name: "pair", revisions: [{ revision: 1, model }] }] });
    const metrics = metricsRegistry();
    const runner = new InferenceRunner({ mesh, clock: systemClock(), limits: { ...limits, maxWaiting: 2 }, metrics });
    expect(await Promise.all([run(runner, mesh), run(runner, mesh)])).toEqual(["answered", "answered"]);
    expect(await run(runner, mesh)).toEqual(expect.objectContaining({ message: "spent" }));
    await expect.poll(() => mesh.holds).toBe(0);
    const statistics = runner.statistics.of(model.modelId);
    expect(statistics).toMatchObject({ inferenceCount: 2, executionCount: 1, success: { count: 2 }, fail: { count: 1 } });
    expect(statistics.batches.map(({ batchSize }) => batchSize)).toEqual([2]);
    expect(metrics.snapshot()).toContainEqual(expect.objectContaining({ name: "modelyard_batch_size", count: 1, value: 2 }));
  });
});
