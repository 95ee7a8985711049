import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@modelyard/core";
import { recordedLog } from "@modelyard/core/testing";
import { type OnnxModel, writeModel } from "@modelyard/onnx";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { echoModel, endlessModel } from "../testing/sample-models.ts";
import { PreparePool, type PreparePoolDeps } from "./prepare-pool.ts";
import type { PrepareJob } from "./prepare-protocol.ts";

let dir: string;
let count: number;
let pool: PreparePool;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "modelyard-pool-"));
  count = 0;
  pool = open();
});
afterEach(async () => {
  await pool.close();
  await rm(dir, { recursive: true, force: true });
});

function open(changes: Partial<PreparePoolDeps> = {}): PreparePool {
  const limits = { memoryBytes: 3 * 2 ** 30, loadLimitMs: 20_000, runLimitMs: 20_000, idleMs: 20_000 };
  return new PreparePool({ clock: systemClock(), log: recordedLog().log, limits, maxProcesses: 1, maxWaiting: 2, ...changes });
}

async function job(model: OnnxModel): Promise<PrepareJob> {
  const root = join(dir, String(count++));
  const outputDir = join(root, "out");
  await mkdir(outputDir, { recursive: true });
  await writeFile(join(root, "model.onnx"), writeModel(model));
  return { model: { path: "model.onnx", source: join(root, "model.onnx") }, others: [], outputDir, maxThreads: 2 };
}

const signal = new AbortController().signal;
const patience = { timeout: 15_000, interval: 20 };

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The child that is busy with a job; waits for it. */
async function busyChild(): Promise<number> {
  return await vi.waitFor(() => {
    const [pid] = pool.pids;
    if (pid === undefined) throw new Error("no child yet");
    return pid;
  }, patience);
}

describe("PreparePool", () => {
  it("uses one child for one job after another", async () => {
    await pool.run(await job(echoModel("first")), { signal });
    const first = pool.pids;
    await pool.run(await job(echoModel("second")), { signal });
    expect(pool.pids).toEqual(first);
    expect(first).toHaveLength(1);
  });

  it.each(["SIGKILL", "SIGSEGV", "SIGABRT"] as const)(
    "a child that ends by %s fails its job with that reason and is replaced",
    async (how) => {
      const failed = pool.run(await job(endlessModel()), { signal });
      process.kill(await busyChild(), how);
      await expect(failed).rejects.toMatchObject({
        reason: "MODEL_LOAD_FAILED",
        message: expect.stringMatching(new RegExp(`crashed while .*ended by ${how}`)),
      });
      await pool.run(await job(echoModel("next")), { signal });
    },
  );

  it("a run beyond its limit is stopped, and its child is gone", async () => {
    const failed = pool.run(await job(endlessModel()), { signal, runLimitMs: 200 });
    const pid = await busyChild();
    await expect(failed).rejects.toMatchObject({ message: expect.stringMatching(/did not end within 200 ms/) });
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), patience);
  });

  it("an aborted job ends with the signal's reason, and its child is gone", async () => {
    const controller = new AbortController();
    const failed = pool.run(await job(endlessModel()), { signal: controller.signal });
    const pid = await busyChild();
    controller.abort(new Error("not wanted any more"));
    await expect(failed).rejects.toThrow("not wanted any more");
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), patience);
  });

  it("a second child serves other jobs while one hangs", async () => {
    pool = open({ maxProcesses: 2 });
    const controller = new AbortController();
    const hanging = pool.run(await job(endlessModel()), { signal: controller.signal });
    await busyChild();
    await pool.run(await job(echoModel("bystander")), { signal });
    controller.abort(new Error("enough"));
    await expect(hanging).rejects.toThrow("enough");
  });

  it("refuses more waiting jobs than its limit", async () => {
    const controller = new AbortController();
    const jobs = await Promise.all(Array.from({ length: 4 }, () => job(endlessModel())));
    const results = jobs.map((one) =>
      pool.run(one, { signal: controller.signal }).catch((error: { reason?: string; message: string }) => error.reason ?? error.message),
    );
    expect(await results[3]).toBe("LIMIT_EXCEEDED");
    controller.abort(new Error("enough"));
    expect(await Promise.all(results.slice(0, 3))).toEqual(["enough", "enough", "enough"]);
  });

  it("a child without work ends after a while", async () => {
    pool = open({ limits: { memoryBytes: 3 * 2 ** 30, loadLimitMs: 20_000, runLimitMs: 20_000, idleMs: 50 } });
    await pool.run(await job(echoModel("idle")), { signal });
    await vi.waitFor(() => expect(pool.pids).toEqual([]), patience);
  });

  it("close() ends the job under way and the child", async () => {
    const failed = pool.run(await job(endlessModel()), { signal });
    const pid = await busyChild();
    const [, result] = await Promise.all([pool.close(), failed.catch((error: { reason: string }) => error.reason)]);
    expect(result).toBe("CANCELLED");
    expect(isAlive(pid)).toBe(false);
  });
});
