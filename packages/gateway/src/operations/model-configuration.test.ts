import { systemClock } from "@modelyard/core";
import { fakeMesh } from "@modelyard/mesh/testing";
import type { ModelSignature, SharedRun } from "@modelyard/runtimes";
import { describe, expect, it } from "vitest";
import { InferenceRunner } from "../inference/inference-runner.ts";
import { resolveModel } from "../routing/model-reference.ts";
import { testModel } from "../testing/test-server.ts";
import { inferenceSizeOf, type ModelConfiguration, modelConfiguration } from "./model-configuration.ts";
import type { InferenceSize } from "./model-statistics.ts";

const limits = { maxBodyBytes: 2 ** 20, requestTimeoutMs: 60_000, maxWaiting: 100, maxWaitingBytes: 2 ** 20, maxQueuedPerModel: 10 };

function signature(input: readonly number[], output: readonly number[]): ModelSignature {
  return {
    platform: "onnx_onnxruntime",
    inputs: [{ name: "x", datatype: "FP32", shape: input }],
    outputs: [{ name: "y", datatype: "BYTES", shape: output }],
  };
}

async function configurationOf(model: ModelSignature): Promise<ModelConfiguration> {
  const loaded = await testModel("default/pair__isvc-3", { signature: model });
  const mesh = fakeMesh({ services: [{ name: "pair", revisions: [{ revision: 3, model: loaded, load: "onDemand" }] }] });
  const runner = new InferenceRunner({ mesh, clock: systemClock(), limits });
  const resolved = resolveModel(mesh, { namespace: "default", model: "pair", version: "" });
  return modelConfiguration({ mesh, runner }, resolved, { deadlineMs: undefined, onGone() {} });
}

describe("modelConfiguration()", () => {
  it("leaves the batch out of the dimensions of a model that takes batches", async () => {
    expect(await configurationOf(signature([-1, 28, 28], [-1]))).toEqual({
      name: "pair",
      platform: "onnxruntime_onnx",
      backend: "onnxruntime",
      versionPolicy: { specific: { versions: [3] } },
      maxBatchSize: 2 ** 31 - 1,
      input: [{ name: "x", dataType: "TYPE_FP32", dims: [28, 28] }],
      output: [{ name: "y", dataType: "TYPE_STRING", dims: [1], reshape: { shape: [] } }],
      instanceGroup: [{ name: "pair", kind: "KIND_CPU", count: 1 }],
      modelTransactionPolicy: { decoupled: false },
    });
  });

  it("gives the whole shape of a model that takes none", async () => {
    expect(await configurationOf(signature([1, 4], [-1, 2]))).toMatchObject({
      maxBatchSize: 0,
      input: [{ dims: [1, 4] }],
      output: [{ dims: [-1, 2] }],
    });
  });

  it("gives a vector of any length as it is, not as a batch", async () => {
    const vector = await configurationOf(signature([-1], [-1]));
    expect(vector).toMatchObject({ maxBatchSize: 0, input: [{ dims: [-1] }], output: [{ dims: [-1] }] });
  });
});

describe("inferenceSizeOf()", () => {
  const batched = signature([-1, 2], [-1]);

  it("is the first dimension where that is open, else 1, of the request and of its run", () => {
    const sizeOf = (shape: readonly number[], model: ModelSignature): InferenceSize => inferenceSizeOf([{ shape }], model, undefined);
    expect(sizeOf([5, 2], batched)).toEqual({ batchSize: 5, runSize: 5 });
    expect(sizeOf([5, 2], signature([5, 2], [-1]))).toEqual({ batchSize: 1, runSize: 1 });
    expect(sizeOf([5], signature([-1], [-1]))).toEqual({ batchSize: 1, runSize: 1 });
  });

  it("counts a run that several requests had a part in for one of them", () => {
    const shared: SharedRun = { rows: 7, requests: 3, runMs: 1, isCounted: true };
    expect(inferenceSizeOf([{ shape: [5, 2] }], batched, shared)).toEqual({ batchSize: 5, runSize: 7 });
    expect(inferenceSizeOf([{ shape: [5, 2] }], batched, { ...shared, isCounted: false })).toEqual({ batchSize: 5, runSize: 0 });
    expect(inferenceSizeOf([{ shape: [5] }], signature([-1], [-1]), shared)).toEqual({ batchSize: 1, runSize: 3 });
  });
});
