import { failure, failureFromPublic, seededRandom } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import type { CrashReport } from "@modelyard/runtimes";
import { fakeRuntime } from "@modelyard/runtimes/testing";
import { memoryStore } from "@modelyard/store";
import { afterEach, describe, expect, test } from "vitest";
import { instanceKey } from "./identity.ts";
import { decodeInstanceRecord } from "./record-codec.ts";
import { type InstanceRecord, leaderKey } from "./records.ts";
import { type MeshHarness, type MeshHarnessOptions, meshHarness, switchedStore, testModelId } from "./testing/mesh-harness.ts";

const open: MeshHarness[] = [];

async function start(options: MeshHarnessOptions = {}): Promise<MeshHarness> {
  const harness = await meshHarness(options);
  open.push(harness);
  return harness;
}

/** A second instance on the store of the first, with a cache of its own. */
function startBeside(first: MeshHarness, options: MeshHarnessOptions = {}): Promise<MeshHarness> {
  const runtime = fakeRuntime({ clock: first.clock, behaviour: { sizeBytes: 100 } });
  return start({ clock: first.clock, store: first.store, runtime, instanceId: "two", ...options });
}

/** Two instances whose stores fail apart from each other. */
async function startTwo(): Promise<readonly [MeshHarness, MeshHarness]> {
  const clock = fakeClock();
  const shared = memoryStore({ clock, random: seededRandom(1) });
  const first = await start({ clock, store: switchedStore(shared), instanceId: "one" });
  const second = await start({ clock, store: switchedStore(shared), instanceId: "two" });
  return [first, second];
}

afterEach(async () => {
  for (const harness of open.splice(0)) {
    harness.store.setAway(false);
    await harness.close();
  }
});

async function instanceRecord(harness: MeshHarness, instanceId: string): Promise<InstanceRecord | undefined> {
  const { keyValues } = await harness.store.range({ range: { kind: "key", key: instanceKey(instanceId) } });
  return keyValues[0] && decodeInstanceRecord(keyValues[0].value);
}

async function leader(harness: MeshHarness): Promise<string> {
  const { keyValues } = await harness.store.range({ range: { kind: "key", key: leaderKey } });
  return new TextDecoder().decode(keyValues[0]?.value);
}

function crash(modelId: string, atMs: number, kind: CrashReport["kind"] = "crash"): CrashReport {
  return { modelId, phase: "run", kind, atMs, error: failure("RUN_FAILED", { why: "signal 11" }).toPublic() };
}

describe("a restarted instance", () => {
  /** Five models, used in the order of their names; then the process is cut off, as a killed one is. */
  async function startKilled(): Promise<{
    readonly models: readonly string[];
    readonly restart: (options?: MeshHarnessOptions) => Promise<MeshHarness>;
  }> {
    const clock = fakeClock();
    const shared = memoryStore({ clock, random: seededRandom(1) });
    const first = await start({ clock, store: switchedStore(shared) });
    const models: string[] = [];
    for (const name of ["a", "b", "c", "d", "e"]) models.push(await first.deploy(name, "v1"));
    first.store.setAway(true);
    return { models, restart: (options = {}) => start({ clock, store: switchedStore(shared), ...options }) };
  }

  test("loads again what it had, without a request, and takes over its own record and the lead at once", async () => {
    const { models, restart } = await startKilled();
    const { mesh } = await restart();
    expect(models.map((modelId) => mesh.state(modelId))).toEqual(models.map(() => "Loaded"));
    expect(mesh.statistics().isLeader).toBe(true);
    expect(mesh.explain(models[0])[0]).toMatchObject({ kind: "load", reason: "it was loaded before the restart" });
  });

  test("loads the most recently used again first, as far as four fifths of its memory hold them", async () => {
    const { models, restart } = await startKilled();
    const { mesh } = await restart({ capacityBytes: 260 });
    expect(models.map((modelId) => mesh.state(modelId))).toEqual(["NotLoaded", "NotLoaded", "NotLoaded", "Loaded", "Loaded"]);
  });

  test("that is not to load anything on its own clears what its previous life left behind, and loads on request", async () => {
    const { models, restart } = await startKilled();
    const second = await restart({ limits: { maxWarmUpModels: 0 } });
    const [a = ""] = models;
    expect((await second.modelRecord(a))?.copies).toEqual({});
    expect(second.mesh.state(a)).toBe("NotLoaded");
    expect(await second.request(a)).toBe("ok");
  });
});

describe("crashes", () => {
  /** Where a model runs in an instance. */
  const placementOf = async (harness: MeshHarness, modelId: string): Promise<string> => {
    const held = await harness.acquire(modelId);
    held.release();
    return held.model.placement;
  };

  test("once are remembered and the model is loaded again", async () => {
    const first = await start();
    const a = await first.deploy("a", "v1");
    const second = await startBeside(first, { crashReports: [crash(a, 1_000)] });
    expect((await second.modelRecord(a))?.crashes).toEqual([{ atMs: 1_000, kind: "crash" }]);
    expect(await second.request(a)).toBe("ok");
  });

  test("once bring the model into a process of its own, in every instance, and no other", async () => {
    const first = await start();
    const [a, b] = [await first.deploy("a", "v1"), await first.deploy("b", "v1")];
    expect(await placementOf(first, a)).toBe("inline");
    const second = await startBeside(first, { crashReports: [crash(a, 1_000)] });
    await second.settle();
    expect([await placementOf(second, a), await placementOf(second, b)]).toEqual(["process", "inline"]);
    expect([await placementOf(first, a), await placementOf(first, b)]).toEqual(["process", "inline"]);
  });

  test("of a process of the model's own are counted as those of a serving process: the second quarantines it, at once", async () => {
    const first = await start();
    const a = await first.deploy("a", "v1");
    const second = await startBeside(first, { crashReports: [crash(a, 1_000)] });
    const held = await second.acquire(a);
    expect(second.runtime.crash(crash(a, 2_000, "hang"))).toBe("refuse");
    await second.settle();
    expect(await second.request(a)).toBe("RUNTIME_CRASHED");
    expect(second.mesh.explain(a).map(({ kind }) => kind)).toEqual(expect.arrayContaining(["crash", "quarantine", "evict"]));
    held.release();
    await second.settle();
    expect(second.runtime.loadedIds).not.toContain(a);
    expect((await second.modelRecord(a))?.crashes).toEqual([
      { atMs: 1_000, kind: "crash" },
      { atMs: 2_000, kind: "hang" },
    ]);
    expect([await first.request(a), first.runtime.loadedIds]).toEqual(["RUNTIME_CRASHED", []]);
  });

  test("of a process of the model's own, the first, leave it loaded", async () => {
    const first = await start();
    const model = { type: "onnx", artifactDigest: "v1", parameters: { isolation: "process" }, runtime: "fake" };
    const a = await first.deploy("a", "v1", { model });
    expect(await placementOf(first, a)).toBe("process");
    expect(first.runtime.crash(crash(a, 1_000))).toBe("restart");
    await first.settle();
    expect(first.runtime.loadedIds).toEqual([a]);
    expect((await first.modelRecord(a))?.crashes).toEqual([{ atMs: 1_000, kind: "crash" }]);
    expect(await first.request(a)).toBe("ok");
    expect(first.runtime.events.filter(({ kind }) => kind === "load")).toHaveLength(1);
  });

  test("twice quarantine the model, with the reason in its record, across restarts; other models answer", async () => {
    const first = await start();
    const [a, b] = [await first.deploy("a", "v1"), await first.deploy("b", "v1")];
    const second = await startBeside(first, { crashReports: [crash(a, 1_000)] });
    const third = await startBeside(first, { instanceId: "three", crashReports: [crash(a, 2_000, "hang")] });
    for (const harness of [third, second]) {
      await expect(harness.acquire(a)).rejects.toMatchObject({
        reason: "RUNTIME_CRASHED",
        details: { kind: "hung", at: "1970-01-01T00:00:02.000Z" },
      });
    }
    expect(third.mesh.state(a)).toBe("FailedToLoad");
    const recorded = (await third.modelRecord(a))?.failures["three"]?.error;
    expect(recorded && failureFromPublic(recorded).reason).toBe("RUNTIME_CRASHED");
    await third.clock.advance(2_000_000);
    const fourth = await startBeside(first, { instanceId: "four" });
    expect([await fourth.request(a), await fourth.request(b)]).toEqual(["RUNTIME_CRASHED", "ok"]);
    expect((await fourth.modelRecord(a))?.failures["three"]?.error.reason).toBe("RUNTIME_CRASHED");
  });

  test("reported twice in one report count twice, the same one reported again does not", async () => {
    const first = await start();
    const [a, b] = [await first.deploy("a", "v1"), await first.deploy("b", "v1")];
    await startBeside(first, { crashReports: [crash(a, 1_000), crash(a, 2_000), crash(b, 1_000)] });
    const third = await startBeside(first, { instanceId: "three", crashReports: [crash(b, 1_000)] });
    expect([await third.request(a), await third.request(b)]).toEqual(["RUNTIME_CRASHED", "ok"]);
  });

  test("do not concern a new revision, which takes over", async () => {
    const first = await start();
    const a = await first.deploy("a", "v1");
    const second = await startBeside(first, { crashReports: [crash(a, 1_000), crash(a, 2_000)] });
    const corrected = await second.deploy("a", "v2", { targetRevision: 2 });
    await second.settle();
    expect(second.mesh.find("default", "a")?.active.modelId).toBe(corrected);
    expect(await second.request(corrected)).toBe("ok");
  });

  test("of a model that is not registered any more are dropped", async () => {
    const harness = await start({ crashReports: [crash("default/gone__isvc-0", 1_000)] });
    await harness.settle();
    expect(harness.mesh.statistics().unwrittenCount).toBe(0);
  });
});

describe("two instances on one store", () => {
  test("have caches of their own and records side by side", async () => {
    const [first, second] = await startTwo();
    const a = await first.deploy("a", "v1");
    expect(await first.request(a)).toBe("ok");
    expect(await second.request(a)).toBe("ok");
    await second.settle();
    expect(Object.keys((await first.modelRecord(a))?.copies ?? {}).toSorted()).toEqual(["one", "two"]);
    expect(await instanceRecord(first, "two")).toMatchObject({ modelCount: 1, usedBytes: 100, shuttingDown: false });
  });

  test("load a new service once, and switch a retargeted one once, at both", async () => {
    const [first, second] = await startTwo();
    const v1 = await first.deploy("a", "v1");
    expect([first.runtime.loadedIds, second.runtime.loadedIds]).toEqual([[v1], []]);
    expect(await second.request(v1)).toBe("ok");
    const v2 = await first.deploy("a", "v2");
    await second.settle();
    for (const harness of [first, second]) expect(harness.mesh.find("default", "a")?.active.modelId).toBe(v2);
    expect(await second.request(v2)).toBe("ok");
    expect(second.runtime.loadedIds).toEqual([v2]);
  });

  test("have one leader; when it closes the other leads and goes on with what was begun", async () => {
    const [first, second] = await startTwo();
    expect(await leader(first)).toBe("one");
    await first.close();
    await second.settle();
    expect([await leader(second), await instanceRecord(second, "one")]).toEqual(["two", undefined]);
    const a = await second.deploy("a", "v1");
    expect(second.mesh.state(a)).toBe("Loaded");
  });

  test("do not wait for a leader that is cut off: the other acts after a while", async () => {
    const [first, second] = await startTwo();
    first.store.setAway(true);
    const a = await second.deploy("a", "v1");
    expect(second.mesh.state(a)).toBe("NotLoaded");
    await second.clock.advance(4_000);
    await second.settle();
    expect(second.mesh.state(a)).toBe("Loaded");
  });

  test("go on with the first load that another was at when it died", async () => {
    const [first, second] = await startTwo();
    first.runtime.behave(testModelId("a", "v1"), { hang: "load" });
    const a = await first.deploy("a", "v1");
    expect((await second.modelRecord(a))?.copies["one"]?.state).toBe("loading");
    first.store.setAway(true);
    await second.clock.advance(8_000);
    expect(second.mesh.state(a)).toBe("Loading");
    expect(second.runtime.events).toEqual([]);
    await second.clock.advance(10_000);
    await second.settle();
    expect(second.runtime.loadedIds).toEqual([a]);
  });

  test("remove the copies of one that is gone; it says them again when it was only cut off", async () => {
    const [first, second] = await startTwo();
    const a = await first.deploy("a", "v1");
    first.store.setAway(true);
    await second.clock.advance(100_000);
    await second.settle();
    expect(await leader(second)).toBe("two");
    expect((await second.modelRecord(a))?.copies).toEqual({});
    expect(await first.request(a)).toBe("ok");
    first.store.setAway(false);
    await first.clock.advance(60_000);
    await first.settle();
    expect(Object.keys((await second.modelRecord(a))?.copies ?? {})).toEqual(["one"]);
  });

  test("try a model that failed at one at the other, until three have failed", async () => {
    const [first, second] = await startTwo();
    const broken = failure("MODEL_LOAD_FAILED", { why: "no disk here" });
    first.runtime.behave(testModelId("a", "v1"), { loadFailure: broken });
    const a = await first.deploy("a", "v1");
    expect([await first.request(a), await second.request(a)]).toEqual(["MODEL_LOAD_FAILED", "ok"]);
    const b = testModelId("b", "v1");
    const third = await startBeside(first, { store: second.store, instanceId: "three" });
    for (const harness of [first, second, third]) harness.runtime.behave(b, { loadFailure: broken });
    await first.deploy("b", "v1");
    for (const harness of [first, second, third]) expect(await harness.request(b)).toBe("MODEL_LOAD_FAILED");
    await third.settle();
    const fourth = await startBeside(first, { store: second.store, instanceId: "four" });
    expect(await fourth.request(b)).toBe("MODEL_LOAD_FAILED");
    expect(fourth.runtime.events).toEqual([]);
  });
});

describe("close()", () => {
  test("removes the instance's copies, record and lead from the store; twice is once", async () => {
    const harness = await start();
    const a = await harness.deploy("a", "v1");
    await harness.close();
    await harness.close();
    expect((await harness.modelRecord(a))?.copies).toEqual({});
    expect([await instanceRecord(harness, "one"), await leader(harness), harness.runtime.loadedIds]).toEqual([undefined, "", []]);
    expect(await harness.request(a)).toBe("MESH_CLOSING");
  });

  test("ends also while the store is away", async () => {
    const harness = await start();
    await harness.deploy("a", "v1");
    harness.store.setAway(true);
    await harness.close();
    expect(harness.runtime.loadedIds).toEqual([]);
  });
});
