import { fakeMesh } from "@modelyard/mesh/testing";
import { describe, expect, it } from "vitest";
import { testModel } from "../testing/test-server.ts";
import { type InferenceSize, ModelStatistics, maxBatchSizes, maxStatisticsEntries, RevisionStatistics } from "./model-statistics.ts";
import { statisticsReports } from "./statistics-report.ts";

const times = { queueMs: 1, inputMs: 0.5, inferMs: 2, outputMs: 0.25 };

const alone = (size: number): InferenceSize => ({ batchSize: size, runSize: size });

describe("RevisionStatistics", () => {
  it("adds up the stages of every inference, a batch as so many inferences of one run", () => {
    const statistics = new RevisionStatistics();
    statistics.addSuccess(times, alone(3), 1000);
    statistics.addSuccess(times, alone(1), 2000);
    statistics.addFailure(7);
    expect(statistics).toMatchObject({
      lastInferenceMs: 2000,
      inferenceCount: 4,
      executionCount: 2,
      success: { count: 2, totalMs: 7.5 },
      fail: { count: 1, totalMs: 7 },
      queue: { count: 2, totalMs: 2 },
      computeInfer: { count: 2, totalMs: 4 },
    });
    expect(statistics.batches.map((batch) => [batch.batchSize, batch.computeInfer.totalMs])).toEqual([
      [3, 2],
      [1, 2],
    ]);
  });

  it("counts a run that several requests had a part in once, with all of their rows and the time that reading and writing them took", () => {
    const statistics = new RevisionStatistics();
    for (const runSize of [0, 0, 5]) statistics.addSuccess(times, { batchSize: runSize === 5 ? 3 : 1, runSize }, 1);
    expect(statistics).toMatchObject({
      inferenceCount: 5,
      executionCount: 1,
      success: { count: 3 },
      computeInfer: { count: 3, totalMs: 6 },
    });
    expect(statistics.batches).toEqual([
      {
        batchSize: 5,
        computeInput: { count: 1, totalMs: 1.5 },
        computeInfer: { count: 1, totalMs: 2 },
        computeOutput: { count: 1, totalMs: 0.75 },
      },
    ]);
  });

  it("counts no more batch sizes than its limit by themselves", () => {
    const statistics = new RevisionStatistics();
    for (let size = 1; size <= maxBatchSizes + 5; size++) statistics.addSuccess(times, alone(size), 1);
    expect([statistics.batches.length, statistics.executionCount]).toEqual([maxBatchSizes, maxBatchSizes + 5]);
  });
});

describe("ModelStatistics", () => {
  it("forgets the revision that was first seen longest ago when it is full", () => {
    const statistics = new ModelStatistics();
    for (let index = 0; index <= maxStatisticsEntries; index++) statistics.of(`model-${index}`);
    expect([statistics.find("model-0"), statistics.find("model-1")]).toEqual([undefined, expect.any(RevisionStatistics)]);
  });
});

describe("statisticsReports()", () => {
  it("reports in nanoseconds what is known of a revision, a model or a namespace, and zeros of what was never asked", async () => {
    const mesh = fakeMesh({
      services: [
        {
          name: "pair",
          modelName: "Pair",
          revisions: [
            { revision: 2, model: await testModel("default/pair__isvc-2") },
            { revision: 1, model: await testModel("default/pair__isvc-1") },
          ],
        },
        { name: "other", revisions: [{ revision: 1, model: await testModel("default/other__isvc-1") }] },
      ],
    });
    const statistics = new ModelStatistics();
    statistics.of("default/pair__isvc-2").addSuccess(times, alone(1), 1234);
    const reports = (model: string, version = ""): readonly string[] =>
      statisticsReports({ mesh, statistics }, { namespace: "default", model, version }).map(
        (one) => `${one.name} ${one.version} ${one.inferenceCount} ${one.inferenceStats.success.ns}`,
      );
    expect(reports("pair")).toEqual(["pair 2 1 3750000", "pair 1 0 0"]);
    expect(reports("pair", "1")).toEqual(["pair 1 0 0"]);
    expect([...reports("")].sort()).toEqual(["Pair 1 0 0", "Pair 2 1 3750000", "other 1 0 0"]);
    expect(() => reports("pair", "9")).toThrow('version "9"');
    expect(() => reports("nowhere")).toThrow("was not found");
  });
});
