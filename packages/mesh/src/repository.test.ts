import { failure, seededRandom } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { fakeRuntime } from "@modelyard/runtimes/testing";
import { memoryStore } from "@modelyard/store";
import { afterEach, describe, expect, test } from "vitest";
import type { AcquireOptions, ServiceRoute } from "./contract.ts";
import { vmodelIdOf } from "./identity.ts";
import { type MeshHarness, type MeshHarnessOptions, meshHarness, switchedStore, throughTime } from "./testing/mesh-harness.ts";
import { deleteVModel } from "./vmodels/apply.ts";

const open: MeshHarness[] = [];

async function start(options: MeshHarnessOptions = {}): Promise<MeshHarness> {
  const harness = await meshHarness(options);
  open.push(harness);
  return harness;
}

afterEach(async () => {
  for (const harness of open.splice(0)) {
    harness.store.setAway(false);
    await harness.close();
  }
});

function routeOf({ mesh }: MeshHarness, name = "a"): ServiceRoute {
  const route = mesh.find("default", name);
  if (!route) throw new Error(`no route to ${name}`);
  return route;
}

function within({ clock }: MeshHarness, limitMs = 60_000): AcquireOptions {
  return { deadlineMs: clock.monotonicMs() + limitMs };
}

async function unload(harness: MeshHarness): Promise<void> {
  await throughTime(harness.clock, harness.mesh.unload(routeOf(harness), within(harness)));
}

async function load(harness: MeshHarness): Promise<void> {
  await throughTime(harness.clock, harness.mesh.load(routeOf(harness), within(harness)));
}

/** A second process on the store of the first. */
function beside({ clock, store }: MeshHarness, instanceId: string): Promise<MeshHarness> {
  return start({ clock, store, runtime: fakeRuntime({ clock, behaviour: { sizeBytes: 100 } }), instanceId });
}

describe("unload()", () => {
  test("marks the route at once, frees the memory, and leaves the registration", async () => {
    const harness = await start();
    const modelId = await harness.deploy("a", "v1");
    const { epoch } = harness.mesh;
    await unload(harness);
    expect([routeOf(harness).isUnloaded, harness.mesh.epoch > epoch]).toEqual([true, true]);
    await harness.settle();
    expect([harness.mesh.state(modelId), harness.mesh.statistics().usedBytes]).toEqual(["NotLoaded", 0]);
    expect(await harness.modelRecord(modelId)).toBeDefined();
  });

  test("lets a request in flight keep the memory until it ends", async () => {
    const harness = await start();
    const held = await harness.acquire(await harness.deploy("a", "v1"));
    await unload(harness);
    expect(harness.mesh.statistics().usedBytes).toBe(100);
    held.release();
    await harness.settle();
    expect(harness.mesh.statistics().usedBytes).toBe(0);
  });

  test("of an unloaded service changes nothing", async () => {
    const harness = await start();
    await harness.deploy("a", "v1");
    await unload(harness);
    const record = await harness.vmodelRecord("a");
    await unload(harness);
    expect(await harness.vmodelRecord("a")).toEqual(record);
  });

  test("holds across a restart, also one that found the model in memory", async () => {
    const harness = await start();
    const modelId = await harness.deploy("a", "v1");
    await unload(harness);
    await harness.close();
    const next = await beside(harness, "two");
    expect([routeOf(next).isUnloaded, next.mesh.state(modelId)]).toEqual([true, "NotLoaded"]);
  });

  test("reaches the other instances", async () => {
    const harness = await start();
    const modelId = await harness.deploy("a", "v1");
    const other = await beside(harness, "two");
    (await other.acquire(modelId)).release();
    await unload(harness);
    await other.settle();
    expect([routeOf(other).isUnloaded, other.mesh.statistics().usedBytes]).toEqual([true, 0]);
  });

  test("ends when another revision becomes active, and with the service", async () => {
    const harness = await start();
    await harness.deploy("a", "v1");
    await unload(harness);
    const second = await harness.deploy("a", "v2");
    expect([routeOf(harness).active.modelId, routeOf(harness).isUnloaded]).toEqual([second, false]);
    await unload(harness);
    await deleteVModel(harness.store, { vmodelId: vmodelIdOf("default", "a") });
    await harness.settle();
    await harness.deploy("a", "v2");
    expect(routeOf(harness).isUnloaded).toBe(false);
  });

  test("of a service that is still loading for the first time ends that load", async () => {
    const clock = fakeClock();
    const random = seededRandom(1);
    const runtime = fakeRuntime({ clock, behaviour: { sizeBytes: 100, loadDelayMs: 60_000 } });
    const harness = await start({ clock, runtime, random, store: switchedStore(memoryStore({ clock, random })) });
    const modelId = await harness.deploy("a", "v1");
    expect(harness.mesh.state(modelId)).toBe("Loading");
    await unload(harness);
    await clock.advance(120_000);
    await harness.settle();
    expect([harness.mesh.state(modelId), harness.mesh.statistics().usedBytes]).toEqual(["NotLoaded", 0]);
  });

  test("fails with the deadline while the store is away, and unloads nothing", async () => {
    const harness = await start();
    const modelId = await harness.deploy("a", "v1");
    harness.store.setAway(true);
    await expect(throughTime(harness.clock, harness.mesh.unload(routeOf(harness), within(harness, 1_000)))).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
    expect([routeOf(harness).isUnloaded, harness.mesh.state(modelId)]).toEqual([false, "Loaded"]);
  });
});

describe("load()", () => {
  test("brings an unloaded service back, in memory before it resolves", async () => {
    const harness = await start();
    const modelId = await harness.deploy("a", "v1");
    await unload(harness);
    await load(harness);
    expect([routeOf(harness).isUnloaded, harness.mesh.state(modelId)]).toEqual([false, "Loaded"]);
    expect(await harness.vmodelRecord("a")).not.toHaveProperty("unloadedModelId");
  });

  test("rejects with the failure of the load", async () => {
    const harness = await start();
    const modelId = await harness.deploy("a", "v1");
    await unload(harness);
    await harness.settle();
    harness.runtime.behave(modelId, { loadFailure: failure("MODEL_LOAD_FAILED", { why: "the disk is full" }) });
    await expect(load(harness)).rejects.toMatchObject({ reason: "MODEL_LOAD_FAILED" });
  });

  test("keeps to options that are no plain object", async () => {
    const harness = await start();
    await harness.deploy("a", "v1");
    await unload(harness);
    class Life implements AcquireOptions {
      get deadlineMs(): number {
        return harness.clock.monotonicMs() + 60_000;
      }
    }
    await throughTime(harness.clock, harness.mesh.load(routeOf(harness), new Life()));
    expect(routeOf(harness).isUnloaded).toBe(false);
  });

  test("of a service that was deleted meanwhile is refused", async () => {
    const harness = await start();
    await harness.deploy("a", "v1");
    const route = routeOf(harness);
    await deleteVModel(harness.store, { vmodelId: vmodelIdOf("default", "a") });
    await expect(throughTime(harness.clock, harness.mesh.load(route, within(harness)))).rejects.toMatchObject({
      reason: "VMODEL_NOT_FOUND",
    });
  });
});
