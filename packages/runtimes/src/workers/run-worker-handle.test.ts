import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FixedTensor } from "@modelyard/codec";
import { silentLog } from "@modelyard/core";
import { writeModel } from "@modelyard/onnx";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SessionPlan } from "../onnx/model-session.ts";
import { countingModel } from "../testing/sample-models.ts";
import { RunWorkerHandle } from "./run-worker-handle.ts";

let dir: string;
let worker: RunWorkerHandle;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "modelyard-worker-"));
  worker = new RunWorkerHandle({ log: silentLog(), journal: undefined, maxQueued: 3 });
});
afterEach(async () => {
  await worker.close();
  await rm(dir, { recursive: true, force: true });
});

async function plan(path = join(dir, "model.onnx")): Promise<SessionPlan> {
  await writeFile(join(dir, "model.onnx"), writeModel(countingModel()));
  const tensor = { datatype: "INT64", boundDatatype: "INT64" } as const;
  return {
    modelId: "m",
    path,
    threads: 1,
    inputs: [{ name: "x", ...tensor }],
    outputs: [{ name: "y", ...tensor }],
    runLimitMs: 1000,
    loadLimitMs: 1000,
  };
}

const rounds = (count: bigint): FixedTensor => ({
  name: "x",
  datatype: "INT64",
  shape: [],
  bytes: new Uint8Array(BigInt64Array.of(count).buffer),
});
const request = (count: bigint) => ({ inputs: [rounds(count)], outputNames: undefined });

describe("RunWorkerHandle", () => {
  it("refuses runs beyond its queue with LIMIT_EXCEEDED and answers the others", async () => {
    const handle = await worker.open(await plan());
    const runs = Array.from({ length: 5 }, () =>
      worker
        .run(handle, request(1000n))
        .then(([y]) => y?.name)
        .catch((error: { reason: string }) => error.reason),
    );
    expect(await Promise.all(runs)).toEqual(["y", "y", "y", "LIMIT_EXCEEDED", "LIMIT_EXCEEDED"]);
    expect(await worker.run(handle, request(5n))).toEqual([{ ...rounds(5n), name: "y" }]);
  });

  it("does not block this thread while it runs", async () => {
    const handle = await worker.open(await plan());
    const run = worker.run(handle, request(2_000_000n));
    let turns = 0;
    let isOver = false;
    void run.then(() => {
      isOver = true;
    });
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      turns++;
    }
    expect(turns).toBeGreaterThan(100);
  });

  it("a model that does not load leaves the others usable", async () => {
    const handle = await worker.open(await plan());
    await expect(worker.open(await plan(join(dir, "absent.onnx")))).rejects.toThrow(/absent.onnx/);
    expect(await worker.run(handle, request(2n))).toEqual([{ ...rounds(2n), name: "y" }]);
    expect(worker.load).toBe(1);
  });

  it("models opened at the same time while the thread starts are all usable", async () => {
    const one = await plan();
    const handles = await Promise.all([worker.open(one), worker.open(one), worker.open(one)]);
    const answers = await Promise.all(handles.map((handle) => worker.run(handle, request(3n))));
    expect(answers).toEqual(handles.map(() => [{ ...rounds(3n), name: "y" }]));
  });

  it("close() waits for runs under way and is idempotent", async () => {
    const handle = await worker.open(await plan());
    const run = worker.run(handle, request(100_000n));
    await Promise.all([worker.close(), worker.close()]);
    expect(await run).toEqual([{ ...rounds(100_000n), name: "y" }]);
  });
});
