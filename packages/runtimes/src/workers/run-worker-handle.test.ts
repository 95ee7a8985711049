import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FixedTensor } from "@modelyard/codec";
import { silentLog } from "@modelyard/core";
import { type FakeClock, fakeClock } from "@modelyard/core/testing";
import { writeModel } from "@modelyard/onnx";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { InferRequest } from "../contract.ts";
import type { SessionPlan } from "../onnx/model-session.ts";
import { countingPlan, countTo, rounds } from "../testing/counting.ts";
import { denseModel } from "../testing/sample-models.ts";
import { RunWorkerHandle } from "./run-worker-handle.ts";

let dir: string;
let worker: RunWorkerHandle;
let clock: FakeClock;
const idleMs = 60_000;
const threads = async (): Promise<number> => (await readdir("/proc/self/task")).length;
const newWorker = (maxQueued: number): RunWorkerHandle =>
  new RunWorkerHandle({ clock, log: silentLog(), journal: undefined, maxQueued, idleMs });
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "modelyard-worker-"));
  clock = fakeClock();
  worker = newWorker(3);
});
afterEach(async () => {
  await worker.close();
  await rm(dir, { recursive: true, force: true });
});

const answer = (count: bigint) => [rounds(count, "y")];

describe("RunWorkerHandle", () => {
  it("refuses runs beyond its queue with LIMIT_EXCEEDED and answers the others", async () => {
    const handle = await worker.open(await countingPlan(dir));
    const runs = Array.from({ length: 5 }, () =>
      worker
        .run(handle, countTo(1000n))
        .then(([y]) => y?.name)
        .catch((error: { reason: string }) => error.reason),
    );
    expect(await Promise.all(runs)).toEqual(["y", "y", "y", "LIMIT_EXCEEDED", "LIMIT_EXCEEDED"]);
    expect(await worker.run(handle, countTo(5n))).toEqual(answer(5n));
  });

  it("does not block this thread while it runs", async () => {
    const handle = await worker.open(await countingPlan(dir));
    const run = worker.run(handle, countTo(2_000_000n));
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
    const handle = await worker.open(await countingPlan(dir));
    await expect(worker.open(await countingPlan(dir, { path: join(dir, "absent.onnx") }))).rejects.toThrow(/absent.onnx/);
    expect(await worker.run(handle, countTo(2n))).toEqual(answer(2n));
    expect(worker.load).toBe(1);
  });

  it("models opened at the same time while the thread starts are all usable", async () => {
    const one = await countingPlan(dir);
    const handles = await Promise.all([worker.open(one), worker.open(one), worker.open(one)]);
    const answers = await Promise.all(handles.map((handle) => worker.run(handle, countTo(3n))));
    expect(answers).toEqual(handles.map(() => answer(3n)));
  });

  it("ends its thread when it has held no model for a while, and starts another for the next", async () => {
    const handle = await worker.open(await countingPlan(dir));
    const busy = await threads();
    await clock.advance(2 * idleMs);
    expect(await worker.run(handle, countTo(2n))).toEqual(answer(2n));
    await worker.unload(handle);
    await clock.advance(idleMs - 1);
    expect(await threads()).toBe(busy);
    await clock.advance(1);
    await vi.waitFor(async () => expect(await threads()).toBeLessThan(busy));
    const [first, second] = await Promise.all([worker.open(await countingPlan(dir)), worker.open(await countingPlan(dir))]);
    expect(await Promise.all([worker.run(first, countTo(3n)), worker.run(second, countTo(4n))])).toEqual([answer(3n), answer(4n)]);
  });

  it("ends no thread that has got a model meanwhile", async () => {
    await worker.unload(await worker.open(await countingPlan(dir)));
    await clock.advance(idleMs - 1);
    const opening = worker.open(await countingPlan(dir));
    await clock.advance(1);
    const handle = await opening;
    await clock.advance(2 * idleMs);
    expect(await worker.run(handle, countTo(5n))).toEqual(answer(5n));
  });

  it.each(["before", "after"])("a model that is opened %s close() while the idle thread ends starts no other", async (order) => {
    const plan = await countingPlan(dir);
    await worker.unload(await worker.open(plan));
    const busy = await threads();
    await clock.advance(idleMs);
    const closingFirst = order === "after" ? worker.close() : undefined;
    const opening = expect(worker.open(plan)).rejects.toMatchObject({ reason: "CANCELLED" });
    await Promise.all([closingFirst, opening, worker.close()]);
    await vi.waitFor(async () => expect(await threads()).toBeLessThan(busy));
  });

  it("close() waits for runs under way and is idempotent", async () => {
    const handle = await worker.open(await countingPlan(dir));
    const run = worker.run(handle, countTo(100_000n));
    await Promise.all([worker.close(), worker.close()]);
    expect(await run).toEqual(answer(100_000n));
  });
});

describe("two models in one worker", () => {
  beforeEach(async () => {
    await worker.close();
    worker = newWorker(100);
  });

  /** How many answers of a model with a queue of 64 come before the one of another, all of which were asked for while a third one ran. */
  async function answersBefore(flooded: Partial<SessionPlan>, flood: InferRequest): Promise<number> {
    const plan = await countingPlan(dir);
    const [first, other, handle] = [await worker.open(plan), await worker.open(plan), await worker.open({ ...plan, ...flooded })];
    const isBusy = worker.run(first, countTo(300_000n));
    let answers = 0;
    const runs = Array.from({ length: 64 }, () => worker.run(handle, flood).then(() => answers++));
    await worker.run(other, countTo(1n));
    const before = answers;
    await Promise.all([isBusy, ...runs]);
    return before;
  }

  it("one with 64 requests queued lets the other have a turn after one run", async () => {
    expect(await answersBefore({}, countTo(1n))).toBe(1);
  });

  it("one whose requests run together lets the other have a turn after one such run", async () => {
    const size = 64;
    const path = join(dir, "dense.onnx");
    await writeFile(path, writeModel(denseModel(size)));
    const tensor = { datatype: "FP32", boundDatatype: "FP32" } as const;
    const border = { inputs: [{ name: "x", ...tensor }], outputs: [{ name: "y", ...tensor }] };
    const input: FixedTensor = { name: "x", datatype: "FP32", shape: [1, size], bytes: new Uint8Array(4 * size) };
    const flood = { inputs: [input], outputNames: undefined };
    const before = await answersBefore({ path, ...border, batching: { maxRows: 8, maxDelayMs: 0, startRows: 8 } }, flood);
    expect(before).toBe(8);
  });
});
