/** Models in processes of their own, as the runtime loads them. */
import { rm } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { countTo, endless, rounds } from "../testing/counting.ts";
import { type OnnxWorkbench, onnxWorkbench } from "../testing/onnx-workbench.ts";
import { countingModel, echoModel } from "../testing/sample-models.ts";
import { processBytes } from "./plan-placement.ts";

let bench: OnnxWorkbench;
beforeEach(async () => {
  bench = await onnxWorkbench();
});
afterEach(() => bench.close());

describe("a model with the parameter isolation", () => {
  it("runs in a process of its own, and is charged for that", async () => {
    const runtime = bench.open({ limits: { inlineBelowMicros: 1e9 } });
    const request = await bench.store(echoModel("one"));
    const isolated = { ...request, parameters: { isolation: "process" } };
    const unprepared = await runtime.predictSizeBytes(isolated);
    expect(unprepared - (await runtime.predictSizeBytes(request))).toBe(processBytes);
    const [own, shared] = [await runtime.load(isolated), await runtime.load(request)];
    expect([own.placement, shared.placement]).toEqual(["process", "inline"]);
    expect(own.sizeBytes - shared.sizeBytes).toBe(processBytes);
    expect(await runtime.predictSizeBytes(isolated)).toBe(own.sizeBytes);
  });

  it("of another value is refused, with what it should be", async () => {
    const load = bench.open().load(await bench.store(echoModel("two"), { isolation: "thread" }));
    await expect(load).rejects.toThrow('the parameter "isolation" is "thread" and must be "process"');
  });

  it("beyond as many as are allowed is refused, until one of them is unloaded", async () => {
    const runtime = bench.open({ limits: { maxIsolatedModels: 1 } });
    const request = await bench.store(echoModel("three"), { isolation: "process" });
    const first = await runtime.load(request);
    await expect(runtime.load(request)).rejects.toMatchObject({ reason: "PROCESSES_EXHAUSTED", details: { limit: 1 } });
    await first.unload();
    expect((await runtime.load(request)).placement).toBe("process");
  });
});

describe("a model whose process ended", () => {
  it("runs again, although its prepared copy has gone meanwhile, by its own run limit", async () => {
    const reports: string[] = [];
    const request = await bench.store(countingModel(), { isolation: "process", runLimit: "300ms" });
    const onCrash = ({ modelId, kind }: { readonly modelId: string; readonly kind: string }): "restart" => {
      reports.push(`${modelId} ${kind}`);
      return "restart";
    };
    const model = await bench.open().load(request, { onCrash });
    await expect(model.infer(countTo(endless))).rejects.toMatchObject({ reason: "RUN_TIMED_OUT", details: { limitMs: 300 } });
    expect(reports).toEqual([`${request.modelId} hang`]);
    await rm(bench.preparedDir, { recursive: true });
    expect(await model.infer(countTo(8n))).toEqual([rounds(8n, "y")]);
  });
});
