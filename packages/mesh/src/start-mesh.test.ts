import { failure, sleep } from "@modelyard/core";
import { afterEach, describe, expect, test } from "vitest";
import { vmodelIdOf } from "./identity.ts";
import { type MeshHarness, meshHarness, testModelId, throughTime } from "./testing/mesh-harness.ts";
import { deleteVModel } from "./vmodels/apply.ts";

const open: MeshHarness[] = [];

async function start(...args: Parameters<typeof meshHarness>): Promise<MeshHarness> {
  const harness = await meshHarness(...args);
  open.push(harness);
  return harness;
}

afterEach(async () => {
  for (const harness of open.splice(0)) {
    harness.store.setAway(false);
    await harness.close();
  }
});

const size = { behaviour: { sizeBytes: 400 } } as const;

async function startSmall(options: Parameters<typeof meshHarness>[0] = {}): Promise<MeshHarness> {
  const harness = await start({ capacityBytes: 1_000, ...options });
  for (const name of ["a", "b", "c", "d"]) harness.runtime.behave(testModelId(name, "v1"), size.behaviour);
  return harness;
}

describe("a new service", () => {
  test("is routed by its name, loaded without a request, and recorded as loaded", async () => {
    const harness = await startSmall();
    const modelId = await harness.deploy("a", "v1");
    expect(harness.mesh.find("default", "a")?.active).toEqual({ revision: 1, modelId });
    expect(harness.mesh.state(modelId)).toBe("Loaded");
    const record = await harness.modelRecord(modelId);
    expect(record?.copies["one"]).toMatchObject({ state: "loaded", sizeBytes: 400, sizeSource: "estimated" });
    expect(record?.signature?.inputs[0]?.name).toBe("x");
  });

  test("that does not load has its failure in the record and is not tried again before it expires", async () => {
    const harness = await startSmall();
    harness.runtime.behave(testModelId("a", "v1"), { loadFailure: failure("MODEL_LOAD_FAILED", { why: "it is truncated" }) });
    const modelId = await harness.deploy("a", "v1");
    expect(harness.mesh.state(modelId)).toBe("FailedToLoad");
    expect((await harness.modelRecord(modelId))?.failures["one"]?.error.message).toContain("it is truncated");
    const loads = harness.runtime.events.length;
    await expect(harness.acquire(modelId)).rejects.toMatchObject({ reason: "MODEL_LOAD_FAILED" });
    expect(harness.runtime.events.length).toBe(loads);
  });

  test("that failed is loaded by a request after half of the expiry, and on its own after the whole", async () => {
    const harness = await startSmall();
    const broken = { loadFailure: failure("MODEL_LOAD_FAILED", { why: "the disk was full" }) };
    harness.runtime.behave(testModelId("a", "v1"), broken);
    harness.runtime.behave(testModelId("b", "v1"), broken);
    const [a, b] = [await harness.deploy("a", "v1"), await harness.deploy("b", "v1")];
    harness.heal(a);
    harness.heal(b);
    await harness.clock.advance(440_000);
    expect(await harness.request(a)).toBe("MODEL_LOAD_FAILED");
    await harness.clock.advance(10_000);
    expect(await harness.request(a)).toBe("ok");
    expect(harness.mesh.state(b)).toBe("FailedToLoad");
    await harness.clock.advance(460_000);
    await harness.settle();
    expect(harness.mesh.state(b)).toBe("Loaded");
    expect((await harness.modelRecord(b))?.failures).toEqual({});
  });

  test("that asks for more than the capacity fails with both figures, alone", async () => {
    const harness = await startSmall();
    const b = await harness.deploy("b", "v1");
    harness.runtime.behave(testModelId("a", "v1"), { sizeBytes: 2 ** 40 });
    const a = await harness.deploy("a", "v1");
    await expect(harness.acquire(a)).rejects.toMatchObject({
      reason: "MODEL_TOO_LARGE",
      details: { sizeBytes: 2 ** 40, capacityBytes: 1_000 },
    });
    expect((await harness.modelRecord(a))?.failures["one"]?.error.reason).toBe("MODEL_TOO_LARGE");
    expect(await harness.request(b)).toBe("ok");
    expect(harness.runtime.loadedIds).toEqual([b]);
  });

  test("is one of two hundred at once that are all loaded, with room for two", async () => {
    const harness = await start({ capacityBytes: 200 });
    const names = Array.from({ length: 200 }, (_, index) => `n${index}`);
    const set = names.map((name) => harness.deploy(name, "v1"));
    const ids = await throughTime(harness.clock, Promise.all(set));
    await harness.settle();
    for (const modelId of ids) expect((await harness.modelRecord(modelId))?.signature).toBeDefined();
    expect(harness.mesh.statistics()).toMatchObject({ loads: 200, evictions: 198, modelCount: 2 });
  });

  test("whose runtime is not there fails with the runtimes that are", async () => {
    const harness = await startSmall({ runtimeOf: () => undefined });
    const a = await harness.deploy("a", "v1");
    await expect(harness.acquire(a)).rejects.toMatchObject({
      reason: "MODEL_RUNTIME_MISSING",
      details: { runtime: "fake", available: "fake" },
    });
    expect(harness.mesh.state(a)).toBe("FailedToLoad");
  });
});

describe("more models than fit", () => {
  test("are evicted in order of last use and loaded again when asked for", async () => {
    const harness = await startSmall();
    const [a, b] = [await harness.deploy("a", "v1"), await harness.deploy("b", "v1")];
    expect(await harness.request(a)).toBe("ok");
    const c = await harness.deploy("c", "v1");
    expect([a, b, c].map((modelId) => harness.mesh.state(modelId))).toEqual(["Loaded", "NotLoaded", "Loaded"]);
    expect(Object.keys((await harness.modelRecord(b))?.copies ?? {})).toEqual([]);
    expect(await harness.request(b)).toBe("ok");
    expect(harness.mesh.state(a)).toBe("NotLoaded");
    expect(harness.runtime.peakBytes).toBeLessThanOrEqual(1_000);
  });

  test("explain themselves: why a model was loaded and why it was evicted", async () => {
    const harness = await startSmall();
    const [a] = [await harness.deploy("a", "v1"), await harness.deploy("b", "v1")];
    const c = await harness.deploy("c", "v1");
    expect(harness.mesh.explain(a).map((one) => one.kind)).toEqual(["load", "loaded", "evict", "unloaded"]);
    expect(harness.mesh.explain(a)[2]?.reason).toContain(c);
    expect(harness.mesh.explain(c)[0]?.reason).toBe("it is new");
  });
});

describe("a retarget", () => {
  test("goes on serving the old revision until the new one is loaded, then switches and drops the old one", async () => {
    const harness = await startSmall();
    const v1 = await harness.deploy("a", "v1");
    const held = await harness.acquire(v1);
    harness.runtime.behave(testModelId("a", "v2"), { ...size.behaviour, loadDelayMs: 10_000 });
    const v2 = await harness.deploy("a", "v2");
    expect(harness.mesh.find("default", "a")?.active.modelId).toBe(v1);
    expect(await harness.request(v1)).toBe("ok");
    await harness.clock.advance(10_000);
    await harness.settle();
    expect(harness.mesh.find("default", "a")).toMatchObject({ active: { revision: 2, modelId: v2 }, revisions: [{ revision: 2 }] });
    expect(await harness.modelRecord(v1)).toBeUndefined();
    expect(harness.runtime.loadedIds).toContain(v1);
    held.release();
    await harness.settle();
    expect(harness.runtime.loadedIds).toEqual([v2]);
    expect(await harness.vmodelRecord("a")).toMatchObject({ activeModelId: v2, targetModelId: v2, failed: false });
  });

  test("fails no request, however many switches happen under load", async () => {
    const harness = await start({ capacityBytes: 1_000 });
    await harness.deploy("a", "v0");
    const answers = new Map<string, number>();
    let isOver = false;
    const user = async (): Promise<void> => {
      while (!isOver) {
        const route = harness.mesh.find("default", "a");
        const held = await harness.mesh.acquire(route?.active.modelId ?? "", { deadlineMs: harness.clock.monotonicMs() + 1_000 });
        answers.set(held.model.modelId, (answers.get(held.model.modelId) ?? 0) + 1);
        await sleep(harness.clock, 7);
        held.release();
      }
    };
    const users = Promise.all([user(), user(), user()]);
    for (let round = 1; round <= 20; round++) {
      harness.runtime.behave(testModelId("a", `v${round}`), { sizeBytes: 200, loadDelayMs: 30 });
      await harness.deploy("a", `v${round}`);
    }
    isOver = true;
    await harness.settle();
    await users;
    expect(answers.size).toBe(21);
    expect(harness.runtime.loadedIds).toEqual([testModelId("a", "v20")]);
  });

  test("to a model that does not load keeps the old revision and says so; it is tried again when the failure has expired", async () => {
    const harness = await startSmall();
    const v1 = await harness.deploy("a", "v1");
    harness.runtime.behave(testModelId("a", "v2"), { loadFailure: failure("MODEL_LOAD_FAILED", { why: "it is truncated" }) });
    const v2 = await harness.deploy("a", "v2");
    expect(await harness.vmodelRecord("a")).toMatchObject({ activeModelId: v1, targetModelId: v2, failed: true });
    expect(await harness.request(v1)).toBe("ok");
    harness.heal(v2);
    await harness.clock.advance(905_000);
    await harness.settle();
    expect(await harness.vmodelRecord("a")).toMatchObject({ activeModelId: v2, targetModelId: v2, failed: false });
  });

  test("keeps a revision that is not auto-deleted, and serves it beside the active one", async () => {
    const harness = await startSmall();
    const v1 = await harness.deploy("a", "v1", { autoDelete: false });
    const v2 = await harness.deploy("a", "v2");
    expect(harness.mesh.find("default", "a")?.revisions).toEqual([
      { revision: 2, modelId: v2 },
      { revision: 1, modelId: v1 },
    ]);
    expect((await harness.modelRecord(v1))?.references).toBe(0);
    expect(await harness.request(v1)).toBe("ok");
  });

  test("back to content that is still there gives its copy the new revision number", async () => {
    const harness = await startSmall();
    const v1 = await harness.deploy("a", "v1", { autoDelete: false });
    await harness.deploy("a", "v2");
    await harness.deploy("a", "v1");
    const held = await harness.acquire(v1);
    expect(held.revision).toBe(3);
    held.release();
    expect(harness.mesh.find("default", "a")?.active).toEqual({ revision: 3, modelId: v1 });
  });
});

describe("a deleted service", () => {
  test("is not found, its model is unloaded when its holders have let go, and its records are gone", async () => {
    const harness = await startSmall();
    const a = await harness.deploy("a", "v1");
    const held = await harness.acquire(a);
    await deleteVModel(harness.store, { vmodelId: vmodelIdOf("default", "a") });
    await harness.settle();
    expect(harness.mesh.find("default", "a")).toBeUndefined();
    expect(harness.runtime.loadedIds).toEqual([a]);
    held.release();
    await harness.settle();
    expect(harness.runtime.loadedIds).toEqual([]);
    expect(await harness.modelRecord(a)).toBeUndefined();
    expect(await harness.request(a)).toBe("MODEL_NOT_REGISTERED");
  });

  test("still answers those who were waiting for its load", async () => {
    const harness = await startSmall();
    harness.runtime.behave(testModelId("a", "v1"), { loadDelayMs: 5_000 });
    const a = await harness.deploy("a", "v1");
    const waiting = harness.mesh.acquire(a, { deadlineMs: harness.clock.monotonicMs() + 60_000 });
    await deleteVModel(harness.store, { vmodelId: vmodelIdOf("default", "a") });
    await harness.clock.advance(5_000);
    const held = await waiting;
    expect(held.model.modelId).toBe(a);
    held.release();
    await harness.settle();
    expect(harness.runtime.loadedIds).toEqual([]);
  });
});

describe("while the store is away", () => {
  test("requests are answered and models are loaded and evicted; what happened is recorded when it is back", async () => {
    const harness = await startSmall();
    const [a, b] = [await harness.deploy("a", "v1"), await harness.deploy("b", "v1")];
    const c = await harness.deploy("c", "v1");
    harness.store.setAway(true);
    await harness.clock.advance(30_000);
    expect(harness.mesh.isReady).toBe(true);
    expect(await harness.request(a)).toBe("ok");
    expect(await harness.request(b)).toBe("ok");
    harness.store.setAway(false);
    await harness.clock.advance(30_000);
    await harness.settle();
    const loadedIn = async (modelId: string): Promise<boolean> => (await harness.modelRecord(modelId))?.copies["one"]?.state === "loaded";
    expect([await loadedIn(a), await loadedIn(b), await loadedIn(c)]).toEqual([true, true, false]);
    expect(harness.mesh.statistics().unwrittenCount).toBe(0);
  });

  test("a mesh that never read the registry refuses with a retryable error", async () => {
    const first = await startSmall();
    first.store.setAway(true);
    const second = await start({ clock: first.clock, store: first.store, instanceId: "two" });
    expect(second.mesh.isReady).toBe(false);
    await expect(second.acquire("default/a__isvc-0")).rejects.toMatchObject({ reason: "MESH_NOT_READY", retryable: true });
  });
});

describe("the log", () => {
  test("names the models that are loaded, the first 60 of a minute, with their size", async () => {
    const harness = await start({ capacityBytes: 100 });
    const ids = [await harness.deploy("a", "v1"), await harness.deploy("b", "v1")];
    const noted = (): readonly unknown[] => harness.recorded.records.filter(({ message }) => message === "a model was loaded");
    expect(noted()[0]).toMatchObject({ level: "info", modelId: ids[0], sizeBytes: 100 });
    for (let turn = 0; turn < 80; turn++) await harness.acquire(ids[turn % 2] ?? "").then((held) => held.release());
    expect(harness.mesh.statistics().loads).toBeGreaterThan(60);
    expect(noted().length).toBe(60);
  });

  test("warns that there is no lease once an outage, and not while the store may still be starting", async () => {
    const other = await start();
    other.store.setAway(true);
    const harness = await start({ clock: other.clock, store: other.store, instanceId: "two" });
    const levels = (): unknown[] =>
      harness.recorded.records.filter(({ message }) => String(message).includes("has no lease")).map(({ level }) => level);
    expect(new Set(levels())).toEqual(new Set(["debug"]));
    await harness.clock.advance(30_000);
    expect(levels().filter((level) => level === "warn")).toEqual(["warn"]);
  });
});

describe("writes to the store", () => {
  test("do not grow with how often a model comes and goes", async () => {
    const harness = await startSmall();
    const ids = [await harness.deploy("a", "v1"), await harness.deploy("b", "v1"), await harness.deploy("c", "v1")];
    const before = (await harness.store.range({ range: { kind: "prefix", prefix: "mesh/" } })).revision;
    for (let round = 0; round < 300; round++) {
      const held = await harness.mesh.acquire(ids[round % 3] ?? "", { deadlineMs: harness.clock.monotonicMs() + 1_000 });
      held.release();
      await harness.clock.advance(5);
    }
    expect(harness.mesh.statistics().loads).toBeGreaterThanOrEqual(300);
    await harness.settle();
    const after = (await harness.store.range({ range: { kind: "prefix", prefix: "mesh/" } })).revision;
    // 1.5 s of churn at one transaction in 100 ms, and the instance record.
    expect(after - before).toBeLessThan(25);
    expect(harness.mesh.statistics().unwrittenCount).toBe(0);
  });
});
