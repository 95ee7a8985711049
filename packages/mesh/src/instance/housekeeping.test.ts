import { failure, metricsRegistry, seededRandom, silentLog } from "@modelyard/core";
import { type FakeClock, fakeClock } from "@modelyard/core/testing";
import { memoryStore, putOperation } from "@modelyard/store";
import { expect, test } from "vitest";
import { ModelCache } from "../cache/model-cache.ts";
import { DecisionLog } from "../decisions.ts";
import { modelKey } from "../identity.ts";
import { meshMetrics } from "../mesh-metrics.ts";
import { encodeRecord } from "../record-codec.ts";
import { RegistryView } from "../registry-view.ts";
import { type MeshHarness, meshHarness, switchedStore } from "../testing/mesh-harness.ts";
import { sampleModelRecord } from "../testing/sample-records.ts";
import { CacheRecorder } from "./cache-recorder.ts";
import { Housekeeping } from "./housekeeping.ts";
import { RecordWriter } from "./record-writer.ts";

const modelCount = 2_000;
/** More than one slice, less than two. */
const mostInOneTurn = 600;
const error = failure("STORE_CLOSED", {}).toPublic();

/** A failure that expired long ago. */
const expired = sampleModelRecord({ runtime: "fake", failures: { one: { atMs: 0, error } } });

test("housekeeping looks at a slice of the records in each turn of the event loop, and at all of them in the end", async () => {
  const clock = fakeClock();
  const store = switchedStore(memoryStore({ clock, random: seededRandom(1) }));
  for (let first = 0; first < modelCount; first += 100) {
    const ids = Array.from({ length: 100 }, (_, index) => modelKey(`ns/m-${first + index}__isvc-0`));
    await store.transact({ success: ids.map((key) => putOperation(key, encodeRecord(expired))) });
  }
  store.setAway(true);
  const found: number[] = [];
  const sampling: FakeClock = {
    ...clock,
    setTimer: (delayMs, callback) =>
      clock.setTimer(delayMs, () => {
        found.push(harness?.mesh.statistics().unwrittenCount ?? 0);
        callback();
      }),
  };
  let harness: MeshHarness | undefined;
  harness = await meshHarness({ store, clock: sampling });
  store.setAway(false);
  for (let second = 0; second < 40; second++) await clock.advance(1_000);
  const grown = found.map((count, index) => count - (found[index - 1] ?? 0));
  expect(Math.max(...grown)).toBeGreaterThan(0);
  expect(Math.max(...grown)).toBeLessThanOrEqual(mostInOneTurn);
  const { keyValues } = await store.range({ range: { kind: "prefix", prefix: modelKey("") } });
  expect(keyValues.filter(({ value }) => Buffer.from(value).includes(error.reason))).toEqual([]);
  await harness.close();
});

interface Bench {
  readonly housekeeping: Housekeeping;
  readonly writer: RecordWriter;
}

/** Housekeeping over one record, of a failure that expired. */
async function bench(isLeader: () => boolean): Promise<Bench> {
  const clock = fakeClock();
  const [random, log, metrics] = [seededRandom(1), silentLog(), meshMetrics(metricsRegistry())];
  const store = memoryStore({ clock, random });
  await store.transact({ success: [putOperation(modelKey("ns/m__isvc-0"), encodeRecord(expired))] });
  const view = new RegistryView({ log, onChange: () => {} });
  const { keyValues, revision } = await store.range({ range: { kind: "prefix", prefix: modelKey("") } });
  view.beginListing(revision);
  view.takeListed(keyValues);
  Array.from(view.endListing());
  const shared = { clock, random, log, metrics, view, store, instanceId: "one" };
  const writer = new RecordWriter({ ...shared, intervalMs: 100 });
  const record: RecordWriter["add"] = (modelId, facts) => writer.add(modelId, facts);
  const events = new CacheRecorder({ ...shared, decisions: new DecisionLog(10), record, quarantine: () => false, onChanged: () => {} });
  const cache = new ModelCache({
    ...shared,
    capacityBytes: 1_000,
    limits: { maxLoadingConcurrency: 1, maxQueuedLoads: 1, maxWaiters: 1, roomTimeoutMs: 1 },
    sourceOf: () => failure("MESH_NOT_READY", {}),
    events,
  });
  const { signal } = new AbortController();
  const housekeeping = new Housekeeping({ ...shared, writer, cache, isLeader, failureExpiryMs: 1_000, goneAfterMs: 1_000, signal });
  return { housekeeping, writer };
}

test("a pass of housekeeping that fails does not keep later ones from being made", async () => {
  let isLeader = (): boolean => {
    throw new Error("nobody knows");
  };
  const { housekeeping, writer } = await bench(() => isLeader());
  await expect(housekeeping.run()).rejects.toThrow("nobody knows");
  expect(writer.current("ns/m__isvc-0")?.failures).not.toEqual({});
  isLeader = () => false;
  await housekeeping.run();
  expect(writer.current("ns/m__isvc-0")?.failures).toEqual({});
});
