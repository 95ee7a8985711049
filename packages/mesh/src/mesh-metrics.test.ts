import { failure, type Metrics, metricsRegistry } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { fakeRuntime } from "@modelyard/runtimes/testing";
import { afterEach, describe, expect, test } from "vitest";
import { type MeshHarness, meshHarness, testModelId } from "./testing/mesh-harness.ts";

const open: MeshHarness[] = [];

afterEach(async () => {
  for (const harness of open.splice(0)) await harness.close();
});

async function start(metrics: Metrics): Promise<MeshHarness> {
  const clock = fakeClock();
  const runtime = fakeRuntime({ clock, behaviour: { sizeBytes: 600, loadDelayMs: 20 } });
  const harness = await meshHarness({ clock, runtime, metrics, capacityBytes: 1_000 });
  open.push(harness);
  return harness;
}

/** Counts of histograms, values of the others. */
function valuesOf(metrics: Metrics): Readonly<Record<string, number>> {
  return Object.fromEntries(metrics.snapshot().map((one) => [one.name, one.kind === "histogram" ? (one.count ?? 0) : one.value]));
}

describe("the series of the mesh, under the names that ModelMesh's dashboards know,", () => {
  test("count loads, their waits and sizes, evictions and unloads", async () => {
    const metrics = metricsRegistry();
    const harness = await start(metrics);
    const [first, second] = [await harness.deploy("a", "v1"), await harness.deploy("b", "v1")];
    expect([await harness.request(first), await harness.request(second)]).toEqual(["ok", "ok"]);
    await harness.settle();
    const { modelmesh_loadmodel_milliseconds: loads = 0 } = valuesOf(metrics);
    expect(loads).toBeGreaterThanOrEqual(2);
    expect(valuesOf(metrics)).toMatchObject({
      modelmesh_loading_queue_delay_milliseconds: loads,
      modelmesh_model_sizing_milliseconds: loads,
      modelmesh_loaded_model_size_bytes: loads,
      modelmesh_age_at_eviction_milliseconds: loads - 1,
      modelmesh_unloadmodel_milliseconds: loads - 1,
      modelmesh_unloadmodel_failure: 0,
      modelmesh_instance_models_total: 1,
      modelmesh_instance_capacity_bytes: 1_000,
      modelmesh_instance_used_bytes: 600,
      modelmesh_instance_used_bps: 6_000,
    });
    expect(valuesOf(metrics)["modelmesh_cache_miss_milliseconds"]).toBeGreaterThanOrEqual(1);
  });

  test("say when the least recently used model was used, in seconds", async () => {
    const metrics = metricsRegistry();
    const harness = await start(metrics);
    const modelId = await harness.deploy("a", "v1");
    await harness.request(modelId);
    const usedMs = harness.clock.nowMs();
    await harness.clock.advance(10_000);
    const { modelmesh_instance_lru_seconds: since = 0, modelmesh_instance_lru_age_seconds: age = 0 } = valuesOf(metrics);
    expect(Math.abs(since - usedMs / 1_000)).toBeLessThan(2);
    expect(age).toBeGreaterThan(8);
  });

  test("count failures, and tell of models registered, loaded and failed at the next look at all of them", async () => {
    const metrics = metricsRegistry();
    const harness = await start(metrics);
    const good = await harness.deploy("a", "v1");
    const bad = testModelId("b", "v1");
    harness.runtime.behave(bad, { loadFailure: failure("MODEL_LOAD_FAILED", { why: "the test says so" }) });
    await harness.deploy("b", "v1");
    expect(await harness.request(bad)).toBe("MODEL_LOAD_FAILED");
    // There is room for one of them.
    expect(await harness.request(good)).toBe("ok");
    await harness.clock.advance(31_000);
    expect(valuesOf(metrics)).toMatchObject({
      modelmesh_models_managed_total: 2,
      modelmesh_models_loaded_total: 1,
      modelmesh_models_with_failure_total: 1,
    });
    expect(valuesOf(metrics)["modelmesh_loadmodel_failure"]).toBeGreaterThanOrEqual(1);
  });
});
