import { systemClock } from "@modelyard/core";
import { type FakeMesh, fakeMesh } from "@modelyard/mesh/testing";
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
