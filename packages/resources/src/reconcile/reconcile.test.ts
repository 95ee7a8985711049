import { eventKind, type Model, modelKind, namespaceKind } from "@modelyard/api";
import { failure, metricsRegistry, seededRandom, silentLog } from "@modelyard/core";
import { type FakeClock, fakeClock, recordedLog } from "@modelyard/core/testing";
import { memoryStore, type Store } from "@modelyard/store";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type StoreResources, storeResources } from "../store/store-resources.ts";
import { eventRecorder } from "./event-recorder.ts";
import { startInformer } from "./informer.ts";
import { runReconciler, TerminalError } from "./run-reconciler.ts";
import { sweepOrphans } from "./sweep-orphans.ts";

interface World {
  readonly clock: FakeClock;
  readonly store: Store;
  readonly client: StoreResources;
  readonly stop: AbortController;
}

const worlds: World[] = [];

function newWorld(): World {
  const clock = fakeClock();
  const random = seededRandom(7);
  const store = memoryStore({ clock, random });
  const world = { clock, store, client: storeResources(store, { clock, random }), stop: new AbortController() };
  worlds.push(world);
  return world;
}

afterEach(async () => {
  for (const { stop, store } of worlds.splice(0)) {
    stop.abort();
    await store.close();
  }
});

const model = (name: string, more: Partial<Model["metadata"]> = {}): Model => ({
  apiVersion: "modelyard.dev/v1alpha1",
  kind: "Model",
  metadata: { name, ...more },
  spec: { source: { uri: `file:///models/${name}.onnx` } },
});

const informerOf = ({ client, clock, stop }: World) =>
  startInformer({ client, kind: modelKind, clock, random: seededRandom(1), log: silentLog(), signal: stop.signal });

describe("startInformer", () => {
  test("holds what is there, and follows creations, changes and deletions", async () => {
    const world = newWorld();
    await world.client.create(modelKind, model("one"));
    const informer = informerOf(world);
    await informer.synced;
    const keys: string[] = [];
    informer.subscribe((key) => keys.push(key));
    await world.client.create(modelKind, model("two"));
    await world.client.delete(modelKind, { name: "one" });
    await vi.waitFor(() => expect(keys).toEqual(["default/two", "default/one"]));
    expect(informer.list().map((one) => one.metadata.name)).toEqual(["two"]);
  });

  test("lists again after its watch expired, and notices what was deleted meanwhile", async () => {
    const world = newWorld();
    await world.client.create(modelKind, model("one"));
    const informer = informerOf({ ...world, client: { ...world.client, watch: expiringOnce(world) } });
    const keys: string[] = [];
    informer.subscribe((key) => keys.push(key));
    await vi.waitFor(async () => {
      await world.clock.advance(1_000);
      expect(informer.list().map((one) => one.metadata.name)).toEqual(["two"]);
    });
    expect(keys).toEqual(["default/one", "default/two", "default/one"]);
  });
});

/** A watch whose history is lost once, while an object goes and another comes. */
function expiringOnce({ client }: World): StoreResources["watch"] {
  let isFirst = true;
  return (kind, options) => {
    if (!isFirst) return client.watch(kind, options);
    isFirst = false;
    const next = async (): Promise<never> => {
      await client.delete(modelKind, { name: "one" });
      await client.create(modelKind, model("two"));
      throw failure("RESOURCE_EXPIRED", { resourceVersion: "1" });
    };
    return { [Symbol.asyncIterator]: () => ({ next }) };
  };
}

describe("runReconciler", () => {
  const source = (keys: readonly string[]) => {
    const listeners = new Set<(key: string) => void>();
    return {
      keys: () => keys,
      subscribe(onKey: (key: string) => void) {
        listeners.add(onKey);
        return () => void listeners.delete(onKey);
      },
      signal: (key: string) => listeners.forEach((listener) => listener(key)),
      listeners,
    };
  };
  const run = (world: World, more: { reconcile: (key: string) => Promise<undefined>; sources: ReturnType<typeof source>[] }) => {
    const recorded = recordedLog();
    const { clock, stop } = world;
    const common = { name: "test", clock, random: seededRandom(1), log: recorded.log, metrics: metricsRegistry(), signal: stop.signal };
    return { ended: runReconciler({ ...common, periodMs: 10_000, ...more }), records: recorded.records };
  };

  test("looks at every key at its start, after a signal, and once a period", async () => {
    const world = newWorld();
    const seen: string[] = [];
    const keys = source(["a", "b"]);
    const { ended } = run(world, { sources: [keys], reconcile: async (key) => void seen.push(key) });
    await world.clock.advance(0);
    expect(seen).toEqual(["a", "b"]);
    keys.signal("c");
    await world.clock.advance(0);
    expect(seen).toEqual(["a", "b", "c"]);
    await world.clock.advance(10_000);
    expect(seen).toEqual(["a", "b", "c", "a", "b"]);
    world.stop.abort();
    await ended;
    expect([keys.listeners.size, world.clock.pending]).toEqual([0, 0]);
  });

  test("tries a key again after a failure, and lets it rest after a terminal one", async () => {
    const world = newWorld();
    const seen: string[] = [];
    const reconcile = async (key: string): Promise<undefined> => {
      seen.push(key);
      if (key === "hopeless") throw new TerminalError(failure("STORAGE_MISSING", {}));
      if (seen.filter((one) => one === key).length < 3) throw new Error("not yet");
    };
    const { records } = run(world, { sources: [source(["hopeless", "late"])], reconcile });
    await world.clock.advance(5_000);
    expect(seen.filter((key) => key === "late")).toHaveLength(3);
    expect(seen.filter((key) => key === "hopeless")).toHaveLength(1);
    expect(records.map((record) => record["message"])).toContain("A reconciliation failed for good");
  });
});

describe("eventRecorder", () => {
  test("counts what happens again in one event, also after a restart", async () => {
    const { client, clock } = newWorld();
    const object = await client.create(modelKind, model("one"));
    for (const times of [2, 1]) {
      const recorder = eventRecorder({ client, component: "test", clock, log: silentLog() });
      for (let time = 0; time < times; time++) recorder.record(object, { type: "Normal", reason: "Fetched", message: "It was fetched" });
      await recorder.close();
      await clock.advance(5_000);
    }
    const { items } = await client.list(eventKind, { fieldSelector: "involvedObject.name=one" });
    expect(items).toMatchObject([
      { reason: "Fetched", count: 3, firstTimestamp: "2023-11-14T22:13:20Z", lastTimestamp: "2023-11-14T22:13:25Z" },
    ]);
  });

  test("drops what is over its limit and says so, once a flood and with the number", async () => {
    const { client, clock } = newWorld();
    const object = await client.create(modelKind, model("one"));
    const { log, records } = recordedLog();
    const recorder = eventRecorder({ client, component: "test", clock, log, maxPending: 1 });
    for (const reason of ["First", "Second", "Third"]) recorder.record(object, { type: "Normal", reason, message: "It happened" });
    await recorder.close();
    const { items } = await client.list(eventKind);
    expect(items.map((one) => one.reason)).toEqual(["First"]);
    expect(records).toMatchObject([
      { message: "Events are dropped because too many wait", reason: "Second" },
      { message: "Events were dropped", dropped: 2 },
    ]);
  });
});

describe("sweepOrphans", () => {
  const kinds = [namespaceKind, modelKind];

  test("removes what has lost its last owner, and nothing else", async () => {
    const { client } = newWorld();
    await client.create(namespaceKind, { apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } });
    const owner = await client.create(modelKind, model("owner"));
    const reference = { apiVersion: owner.apiVersion, kind: owner.kind, name: "owner", uid: String(owner.metadata.uid) };
    const gone = { ...reference, uid: "gone" };
    await client.create(modelKind, model("owned", { ownerReferences: [gone, reference] }));
    await client.create(modelKind, model("orphan", { ownerReferences: [gone] }));
    await client.create(modelKind, model("foreign", { ownerReferences: [{ ...gone, kind: "Deployment", apiVersion: "apps/v1" }] }));
    expect(await sweepOrphans(client, kinds)).toBe(1);
    await client.delete(modelKind, { name: "owner" });
    expect(await sweepOrphans(client, kinds)).toBe(1);
    expect((await client.list(modelKind)).items.map((one) => one.metadata.name)).toEqual(["foreign"]);
  });

  test("removes what lies in a namespace that is gone", async () => {
    const { client } = newWorld();
    await client.create(modelKind, model("one", { namespace: "team" }));
    expect(await sweepOrphans(client, kinds)).toBe(1);
  });
});
