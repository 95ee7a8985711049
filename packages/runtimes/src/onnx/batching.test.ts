/** Requests that run together, on real ONNX Runtime: inline and in a worker, equal to what each gives alone. */
import type { FixedTensor, Tensor } from "@modelyard/codec";
import { buildModel, buildNode, tensorValue } from "@modelyard/onnx";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { InferRequest, LoadedModel, SharedRun } from "../contract.ts";
import { type OnnxWorkbench, onnxWorkbench } from "../testing/onnx-workbench.ts";
import { denseModel } from "../testing/sample-models.ts";

const size = 96;
const workers = 2;
let bench: OnnxWorkbench;
beforeEach(async () => {
  bench = await onnxWorkbench();
});
afterEach(() => bench.close());

function request(seed: number, rows = 1): InferRequest {
  const values = Float32Array.from({ length: rows * size }, (_, index) => ((index + seed * 31) % 13) / 13);
  return { inputs: [{ name: "x", datatype: "FP32", shape: [rows, size], bytes: new Uint8Array(values.buffer) }], outputNames: undefined };
}

const floats = (tensor: Tensor | undefined): readonly number[] =>
  tensor && "bytes" in tensor ? Array.from(new Float32Array(new Uint8Array((tensor as FixedTensor).bytes).buffer)) : [];

async function dense(
  placement: LoadedModel["placement"],
  parameters: Readonly<Record<string, string>> = { max_batch_size: "32" },
): Promise<LoadedModel> {
  const runtime = bench.open({ limits: { inlineBelowMicros: placement === "inline" ? 1e9 : 0, maxWorkers: workers } });
  const request = await bench.store(denseModel(size), parameters);
  return runtime.load(placement === "process" ? { ...request, isolation: "process" } : request);
}

describe.each(["inline", "worker", "process"] as const)("a dense model that runs %s", (placement) => {
  it("gives to each of many requests at once what it gives to it alone", async () => {
    const model = await dense(placement);
    expect(model.placement).toBe(placement);
    const requests = Array.from({ length: 40 }, (_, seed) => request(seed, 1 + (seed % 3)));
    const alone: (readonly number[])[] = [];
    for (const one of requests) alone.push(floats((await model.infer(one))[0]));
    const together = await Promise.all(requests.map(async (one) => model.infer(one)));
    for (const [index, outputs] of together.entries()) {
      expect(outputs[0]?.shape).toEqual([1 + (index % 3), size]);
      const values = floats(outputs[0]);
      expect(values.every((value, at) => Math.abs(value - (alone[index]?.[at] ?? Number.NaN)) < 1e-3)).toBe(true);
    }
  });
});

describe.each(["inline", "worker", "process"] as const)("a dense model that runs %s", (placement) => {
  it("tells what a run was that several requests had a part in, and one of them to count it", async () => {
    const model = await dense(placement, { max_batch_size: "32", ...(placement === "process" && { isolation: "process" }) });
    expect(model.placement).toBe(placement);
    const sharedBy = (one: InferRequest): Promise<SharedRun | undefined> =>
      new Promise((resolve, reject) => model.inferTo?.(one, { ran: (_, shared) => resolve(shared), failed: reject }));
    const runs = (await Promise.all([1, 2, 3, 4].map((rows) => sharedBy(request(rows, rows))))).filter((shared) => shared?.isCounted);
    expect(runs.reduce((sum, run) => sum + (run?.rows ?? 0), 0)).toBe(10);
    expect(runs.reduce((sum, run) => sum + (run?.requests ?? 0), 0)).toBe(4);
    expect(runs.every((run) => run !== undefined && run.runMs > 0)).toBe(true);
  });
});

describe("running requests together", () => {
  it("is not done where an output mixes rows: each request has its own sum", async () => {
    const summing = buildModel({
      nodes: [buildNode({ opType: "ReduceSum", inputs: ["x"], outputs: ["y"], attributes: { keepdims: 1n } })],
      inputs: [tensorValue("x", "FP32", ["n", size])],
      outputs: [tensorValue("y", "FP32", [1, 1])],
    });
    const model = await bench.open().load(await bench.store(summing, { max_batch_size: "32" }));
    const requests = [request(1), request(2), request(3)];
    const answers = await Promise.all(requests.map(async (one) => model.infer(one)));
    const wanted = requests.map(({ inputs }) => floats(inputs[0]).reduce((sum, value) => sum + value, 0));
    expect(answers.map(([y]) => floats(y)[0])).toEqual(wanted.map((sum) => expect.closeTo(sum, 3)));
  });

  it("is not done with large requests, which run as they come", async () => {
    const model = await dense("inline");
    const rows = 1 + Math.ceil((256 * 1024) / (4 * size));
    expect(model.infer(request(1, rows))).not.toBeInstanceOf(Promise);
    const small = model.infer(request(1));
    expect(small).toBeInstanceOf(Promise);
    await small;
  });

  it("allows workers as many requests at once as they can use", async () => {
    expect((await dense("worker")).maxConcurrency).toBe(64 * workers);
    expect((await dense("worker", { max_batch_size: "0" })).maxConcurrency).toBe(2 * workers);
    expect((await dense("process")).maxConcurrency).toBe(64);
  });

  it("a parameter that is no number fails the load and says so", async () => {
    await expect(dense("inline", { max_batch_size: "many" })).rejects.toThrow('the parameter "max_batch_size" is "many"');
  });
});
