/** Models in processes of their own, with real ones that hang and die. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Datatype } from "@modelyard/codec";
import { silentLog, systemClock } from "@modelyard/core";
import { type FakeClock, fakeClock } from "@modelyard/core/testing";
import { type OnnxModel, writeModel } from "@modelyard/onnx";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ChildLauncher } from "../children/child-launcher.ts";
import type { CrashReport, CrashVerdict } from "../contract.ts";
import type { SessionPlan } from "../onnx/model-session.ts";
import { countingPlan, countTo, endless, rounds } from "../testing/counting.ts";
import { isAlive } from "../testing/is-alive.ts";
import { hungryModel, identityModel } from "../testing/sample-models.ts";
import type { IsolatedModel } from "./isolated-model.ts";
import { IsolatedModels } from "./isolated-models.ts";

let dir: string;
let models: IsolatedModels;
/** The same in a time that passes only when it is told to. */
let stillModels: IsolatedModels;
let clock: FakeClock;
let reports: CrashReport[];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "modelyard-isolated-"));
  const log = silentLog();
  const launcher = new ChildLauncher({ entry: "#run-worker", memoryBytes: 3 * 2 ** 30, serialization: "advanced", log });
  clock = fakeClock();
  models = new IsolatedModels({ launcher, clock: systemClock(), log, maxQueued: 4 }, 2);
  stillModels = new IsolatedModels({ launcher, clock, log, maxQueued: 4 }, 1);
  reports = [];
});
afterEach(async () => {
  await Promise.all([models.close(), stillModels.close()]);
  await rm(dir, { recursive: true, force: true });
});

interface Opening {
  readonly plan?: Partial<SessionPlan>;
  readonly replan?: () => Promise<SessionPlan>;
  readonly verdict?: CrashVerdict;
  readonly among?: IsolatedModels;
}

async function open({ plan: changes, replan, verdict = "restart", among = models }: Opening = {}): Promise<IsolatedModel> {
  const plan = await countingPlan(dir, { runLimitMs: 300, ...changes });
  const onCrash = (report: CrashReport): CrashVerdict => {
    reports.push(report);
    return verdict;
  };
  return among.open({ modelId: "m", plan, replan: replan ?? (() => Promise.resolve(plan)), onCrash });
}

/** A model of one input and one output of the same datatype, without preparation. */
async function openFile(file: OnnxModel, datatype: Datatype): Promise<IsolatedModel> {
  const path = join(dir, "other.onnx");
  await writeFile(path, writeModel(file));
  const tensor = { datatype, boundDatatype: datatype };
  return open({ plan: { path, runLimitMs: 10_000, inputs: [{ name: "x", ...tensor }], outputs: [{ name: "y", ...tensor }] } });
}

const answer = (count: bigint) => [rounds(count, "y")];

async function pidOf(model: IsolatedModel): Promise<number> {
  await model.ready();
  return model.pid ?? expect.fail("a model that is ready has a process");
}

describe("a model in a process of its own", () => {
  it("that hangs costs its process and the runs that were in it, is reported, and runs again in another", async () => {
    const model = await open();
    const pid = await pidOf(model);
    const runs = await Promise.allSettled([model.run(countTo(endless)), model.run(countTo(1n))]);
    expect(runs.map((run) => run.status === "rejected" && run.reason)).toEqual([
      expect.objectContaining({ reason: "RUN_TIMED_OUT", details: { limitMs: 300 } }),
      expect.objectContaining({ reason: "RUN_TIMED_OUT" }),
    ]);
    expect(reports).toMatchObject([{ modelId: "m", kind: "hang", phase: "run", error: { reason: "RUNTIME_CRASHED" } }]);
    expect(await model.run(countTo(5n))).toEqual(answer(5n));
    expect(await pidOf(model)).not.toBe(pid);
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false));
  });

  it.each(["SIGSEGV", "SIGABRT", "SIGKILL"] as const)("that ends by %s in a run is reported as crashed, and runs again", async (signal) => {
    const model = await open({ plan: { runLimitMs: 60_000 } });
    const run = model.run(countTo(endless));
    process.kill(await pidOf(model), signal);
    await expect(run).rejects.toMatchObject({ reason: "RUN_CRASHED", details: { how: `ended by ${signal}` } });
    expect(reports).toMatchObject([{ kind: "crash", phase: "run" }]);
    expect(await model.run(countTo(6n))).toEqual(answer(6n));
  });

  it("is refused after a crash when whoever was told says so, and starts no other process", async () => {
    const model = await open({ verdict: "refuse" });
    await expect(model.run(countTo(endless))).rejects.toMatchObject({ reason: "RUN_TIMED_OUT" });
    await expect(model.run(countTo(1n))).rejects.toMatchObject({ reason: "RUNTIME_CRASHED", details: { kind: "hung" } });
    expect(model.pid).toBeUndefined();
  });

  it("whose process ends while it has nothing to do is not reported, and runs again", async () => {
    const model = await open();
    process.kill(await pidOf(model), "SIGKILL");
    await vi.waitFor(() => expect(model.pid).toBeUndefined());
    expect(await model.run(countTo(7n))).toEqual(answer(7n));
    expect(reports).toEqual([]);
  });

  it("whose process was stopped is ended when it has been silent for long after the limit of a run, and runs again", async () => {
    const model = await open({ among: stillModels });
    const pid = await pidOf(model);
    await clock.advance(60_000);
    expect(await model.run(countTo(1n))).toEqual(answer(1n));
    process.kill(pid, "SIGSTOP");
    const run = expect(model.run(countTo(2n))).rejects.toMatchObject({
      reason: "UNAVAILABLE",
      details: { why: "it was silent for 30300 ms" },
    });
    await clock.advance(30_299);
    expect(isAlive(pid)).toBe(true);
    await clock.advance(1);
    await run;
    expect(await model.run(countTo(3n))).toEqual(answer(3n));
    expect(reports).toEqual([]);
  });

  it("heeds no signal that is meant for a whole group of processes", async () => {
    const model = await open({ plan: { runLimitMs: 60_000 } });
    const run = model.run(countTo(100_000n));
    const pid = await pidOf(model);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.kill(pid, signal);
    expect(await run).toEqual(answer(100_000n));
    expect(await pidOf(model)).toBe(pid);
  });

  it("takes many short runs, one after the other for longer than the limit of one, for no hang", async () => {
    const model = await open({ plan: { runLimitMs: 1 } });
    const untilMs = performance.now() + 800;
    while (performance.now() < untilMs) await Promise.all([model.run(countTo(1000n)), model.run(countTo(1000n))]);
    expect(reports).toEqual([]);
  });

  it("passes tensors of the largest request there and back", async () => {
    const model = await openFile(identityModel("UINT8"), "UINT8");
    const bytes = new Uint8Array(64 * 2 ** 20).fill(7);
    bytes[bytes.length - 1] = 9;
    const [y] = await model.run({ inputs: [{ name: "x", datatype: "UINT8", shape: [bytes.length], bytes }], outputNames: undefined });
    expect(y?.shape).toEqual([bytes.length]);
    expect(y?.datatype === "UINT8" && Buffer.compare(y.bytes, bytes)).toBe(0);
    expect(reports).toEqual([]);
  });

  it("passes strings of every length", async () => {
    const model = await openFile(identityModel("BYTES"), "BYTES");
    const elements = ["", "digit", "élan 数字 🙂"].map((text) => new TextEncoder().encode(text));
    const [y] = await model.run({ inputs: [{ name: "x", datatype: "BYTES", shape: [3], elements }], outputNames: undefined });
    expect(y).toEqual({ name: "y", datatype: "BYTES", shape: [3], elements });
  });

  it("that asks for more memory than its process may have is refused the run, and stays", async () => {
    const model = await openFile(hungryModel(2n ** 30n), "FP32");
    const input = { name: "x", datatype: "FP32", shape: [1], bytes: new Uint8Array(4) } as const;
    for (const _again of [1, 2]) {
      await expect(model.run({ inputs: [input], outputNames: undefined })).rejects.toMatchObject({ reason: "RUN_OUT_OF_MEMORY" });
    }
    expect(reports).toEqual([]);
  });

  it("refuses runs beyond its queue with LIMIT_EXCEEDED and answers the others", async () => {
    const model = await open();
    const runs = Array.from({ length: 6 }, () => model.run(countTo(10n)).catch((error: { readonly reason: string }) => error.reason));
    expect(await Promise.all(runs)).toEqual([...Array.from({ length: 4 }, () => answer(10n)), "LIMIT_EXCEEDED", "LIMIT_EXCEEDED"]);
  });

  it("starts one process anew for all the runs that want it", async () => {
    const plan = await countingPlan(dir);
    let plans = 0;
    const model = await open({ replan: () => Promise.resolve(plans++).then(() => plan) });
    process.kill(await pidOf(model), "SIGKILL");
    await vi.waitFor(() => expect(model.pid).toBeUndefined());
    const answers = await Promise.all([1n, 2n, 3n, 4n].map((count) => model.run(countTo(count))));
    expect([answers, plans]).toEqual([[1n, 2n, 3n, 4n].map(answer), 1]);
  });

  it("starts anew from a new plan, whose failure is that of the run", async () => {
    const gone = new Error("the copy cannot be made again");
    const model = await open({ replan: () => Promise.reject(gone) });
    process.kill(await pidOf(model), "SIGKILL");
    await vi.waitFor(() => expect(model.pid).toBeUndefined());
    await expect(model.run(countTo(1n))).rejects.toBe(gone);
    expect(reports).toEqual([]);
  });

  it("close() ends the process, fails what is under way, and is idempotent", async () => {
    const model = await open();
    const pid = await pidOf(model);
    const run = expect(model.run(countTo(endless))).rejects.toMatchObject({ reason: "CANCELLED" });
    await Promise.all([model.close(), model.close(), run]);
    expect(isAlive(pid)).toBe(false);
    await expect(model.run(countTo(1n))).rejects.toMatchObject({ reason: "CANCELLED" });
    expect(reports).toEqual([]);
  });
});

describe("the processes of isolated models", () => {
  it("keep nobody waiting who has ended without closing them", async () => {
    const program = fileURLToPath(new URL("testing/isolating-program.ts", import.meta.url));
    const child = spawn(process.execPath, ["--conditions=modelyard-source", program, dir, "idle"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [[line], [status]] = await Promise.all([once(child.stdout, "data"), once(child, "exit")]);
    expect(status).toBe(0);
    await vi.waitFor(() => expect(isAlive(Number(line))).toBe(false), 5_000);
  });

  it("are no more than allowed, and a place that is left is taken again", async () => {
    const [first] = await Promise.all([open(), open()]);
    await expect(open()).rejects.toMatchObject({ reason: "PROCESSES_EXHAUSTED", details: { limit: 2 } });
    await first?.close();
    expect(await (await open()).run(countTo(3n))).toEqual(answer(3n));
  });

  it("a model that does not load says why and leaves its place", async () => {
    const path = join(dir, "absent.onnx");
    for (const _again of [1, 2, 3]) await expect(open({ plan: { path } })).rejects.toThrow(/absent.onnx/);
    expect(reports).toEqual([]);
  });

  it("a load that takes too long is stopped and reported", async () => {
    await expect(open({ plan: { loadLimitMs: 1 } })).rejects.toMatchObject({
      reason: "MODEL_LOAD_FAILED",
      details: { why: "loading it did not end within 1 ms and was stopped" },
    });
    expect(reports).toMatchObject([{ kind: "hang", phase: "load" }]);
  });
});
