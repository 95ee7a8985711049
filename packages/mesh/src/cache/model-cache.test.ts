import { failure, PlatformError, silentLog } from "@modelyard/core";
import { type FakeClock, fakeClock } from "@modelyard/core/testing";
import type { LoadedModel, ModelRuntime } from "@modelyard/runtimes";
import { type FakeRuntime, fakeRuntime } from "@modelyard/runtimes/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HeldModel } from "../contract.ts";
import type { CacheEvents } from "./cache-events.ts";
import { ModelCache, type ModelCacheOptions } from "./model-cache.ts";

interface Bench {
  readonly clock: FakeClock;
  readonly runtime: FakeRuntime;
  readonly cache: ModelCache;
  readonly happened: string[];
  /** Starts or joins; deadline in 60 s. */
  readonly acquire: (modelId: string, limitMs?: number) => Promise<HeldModel>;
}

type BenchOptions = Partial<ModelCacheOptions["limits"]> & {
  readonly capacityBytes?: number;
  readonly wrap?: (runtime: ModelRuntime) => ModelRuntime;
};

/** A cache of 1,000 bytes over models of 400. */
function bench(options: BenchOptions = {}): Bench {
  const { capacityBytes = 1_000, wrap = (one: ModelRuntime) => one, ...limits } = options;
  const clock = fakeClock();
  const runtime = fakeRuntime({ clock, behaviour: { sizeBytes: 400, loadDelayMs: 10 }, loadTimeoutMs: 5_000 });
  const wrapped = wrap(runtime);
  const happened: string[] = [];
  const events: CacheEvents = {
    onLoadStarted: (load) => happened.push(`start ${load.modelId}`),
    onStage: () => {},
    onCrash: () => "restart",
    onSized: () => {},
    onUnloadAttemptFailed: () => {},
    onLoaded: (load) => happened.push(`loaded ${load.modelId}`),
    onLoadFailed: (load, error) => happened.push(`failed ${load.modelId} ${error.reason}`),
    onWaited: () => {},
    onEvicted: (cached) => happened.push(`evicted ${cached.modelId}`),
    onUnloaded: (cached, { isFreed }) => happened.push(`${isFreed ? "unloaded" : "stuck"} ${cached.modelId}`),
  };
  const cache = new ModelCache({
    clock,
    log: silentLog(),
    capacityBytes,
    limits: { maxLoadingConcurrency: 4, maxQueuedLoads: 100, maxWaiters: 100, roomTimeoutMs: 3_000, ...limits },
    sourceOf: (modelId) => ({ request: { modelId, modelType: "onnx", artifactDigest: "", parameters: {} }, revision: 1, runtime: wrapped }),
    events,
  });
  const acquire: Bench["acquire"] = (modelId, limitMs = 60_000) =>
    Promise.resolve(cache.acquire(modelId, { deadlineMs: clock.monotonicMs() + limitMs }));
  return { clock, runtime, cache, happened, acquire };
}

async function passing<T>(clock: FakeClock, work: Promise<T>, forMs = 20): Promise<T> {
  // Handled by the caller in the end; until then a rejection must not count as unhandled.
  work.catch(() => {});
  for (let passedMs = 0; passedMs < forMs; passedMs += 5) await clock.advance(5);
  return await work;
}

function reasonOf(work: Promise<HeldModel>): Promise<string> {
  return work.then(
    () => "held",
    (error: unknown) => PlatformError.from(error).reason,
  );
}

describe("acquire()", () => {
  test("of a loaded model answers without a promise, with the same object for each holder", async () => {
    const { clock, cache, acquire } = bench();
    const first = await passing(clock, acquire("a"));
    expect(cache.acquire("a", { deadlineMs: 0 })).toBe(first);
  });

  test("of one model by many loads it once and answers all", async () => {
    const { clock, runtime, acquire } = bench();
    const held = await passing(clock, Promise.all(Array.from({ length: 50 }, () => acquire("a"))));
    expect(new Set(held).size).toBe(1);
    expect(runtime.events.filter((one) => one.kind === "load")).toHaveLength(1);
  });

  test("gives up at its own deadline, alone, while the load goes on", async () => {
    const { clock, runtime, acquire, cache } = bench();
    runtime.behave("a", { loadDelayMs: 1_000 });
    const [short, long] = [reasonOf(acquire("a", 100)), reasonOf(acquire("a", 2_000))];
    await clock.advance(100);
    expect(await short).toBe("DEADLINE_EXCEEDED");
    await clock.advance(900);
    expect([await long, cache.waitingCount]).toEqual(["held", 0]);
  });

  test("ends with its signal's reason, alone, while the load goes on", async () => {
    const { clock, cache, acquire } = bench();
    const abort = new AbortController();
    const aborted = cache.acquire("a", { deadlineMs: 60_000, signal: abort.signal });
    const other = acquire("a");
    abort.abort(failure("CANCELLED", { what: "The request" }));
    await expect(aborted).rejects.toMatchObject({ reason: "CANCELLED" });
    expect((await passing(clock, other)).model.modelId).toBe("a");
    await expect(cache.acquire("b", { deadlineMs: 60_000, signal: abort.signal })).rejects.toMatchObject({ reason: "CANCELLED" });
  });

  test("rejects all who wait with the load's failure", async () => {
    const { clock, runtime, acquire } = bench();
    runtime.behave("a", { loadFailure: failure("MODEL_LOAD_FAILED", { why: "broken" }) });
    const reasons = Promise.all([reasonOf(acquire("a")), reasonOf(acquire("a"))]);
    expect(await passing(clock, reasons)).toEqual(["MODEL_LOAD_FAILED", "MODEL_LOAD_FAILED"]);
  });

  test("is refused beyond the limits of waiting requests and of waiting loads, with the time to try again", async () => {
    const { clock, acquire } = bench({ maxWaiters: 3, maxQueuedLoads: 1, maxLoadingConcurrency: 1 });
    const waiting = [acquire("a"), acquire("b")];
    await expect(acquire("c")).rejects.toMatchObject({ reason: "LOAD_QUEUE_FULL", code: "RESOURCE_EXHAUSTED", retryAfterMs: 1_000 });
    waiting.push(acquire("a"));
    await expect(acquire("a")).rejects.toMatchObject({ reason: "LOAD_QUEUE_FULL", details: { what: "requests" } });
    await passing(clock, Promise.all(waiting), 40);
  });
});

describe("a release", () => {
  test("more often than acquired is a defect that shows", async () => {
    const { clock, acquire } = bench();
    const held = await passing(clock, acquire("a"));
    held.release();
    expect(() => held.release()).toThrow("a hold is released once");
  });
});

describe("loads", () => {
  test("that requests wait for overtake background loads, and a request moves a background load up", async () => {
    const { clock, cache, acquire, happened } = bench({ maxLoadingConcurrency: 1, capacityBytes: 10_000 });
    const background = ["a", "b", "c", "d"].map((modelId) => cache.ensure(modelId, { reason: "test" }));
    const requests = [acquire("d"), acquire("x")];
    await passing(clock, Promise.all([...requests, ...background]), 100);
    expect(happened.filter((one) => one.startsWith("start"))).toEqual(["start a", "start d", "start x", "start b", "start c"]);
  });

  test("are never more at once than allowed", async () => {
    const { clock, runtime, acquire } = bench({ maxLoadingConcurrency: 2, capacityBytes: 10_000 });
    await passing(clock, Promise.all(["a", "b", "c", "d", "e"].map((one) => acquire(one))), 100);
    expect(runtime.peakLoading).toBe(2);
  });

  test("that no request waits for any more lose their place to those that one waits for", async () => {
    const { clock, acquire, happened } = bench({ maxLoadingConcurrency: 1, capacityBytes: 10_000 });
    const [first, given, kept] = [acquire("a"), reasonOf(acquire("b", 5)), acquire("c")];
    expect(await passing(clock, given, 5)).toBe("DEADLINE_EXCEEDED");
    await passing(clock, Promise.all([first, kept]), 40);
    expect(happened.filter((one) => one.startsWith("start"))).toEqual(["start a", "start c", "start b"]);
  });

  test("that take too long fail; their memory stays charged until the runtime has ended them, then the model is unloaded", async () => {
    const late = Promise.withResolvers<LoadedModel>();
    const { clock, runtime, cache, acquire } = bench({ wrap: (one) => ({ ...passThrough(one), load: () => late.promise }) });
    const reason = reasonOf(acquire("a"));
    await clock.advance(5_000);
    expect([await reason, cache.usedBytes, cache.loadingCount]).toEqual(["MODEL_LOAD_TIMED_OUT", 400, 0]);
    late.resolve(await passing(clock, runtime.load({ modelId: "a", modelType: "", artifactDigest: "", parameters: {} })));
    await clock.advance(0);
    expect([cache.usedBytes, runtime.loadedIds]).toEqual([0, []]);
  });

  test("assume the default size when the prediction hangs or fails", async () => {
    const hanging = bench({
      wrap: (one) => ({ ...passThrough(one), predictSizeBytes: () => new Promise<never>(() => {}) }),
      capacityBytes: 2 ** 20,
    });
    expect((await passing(hanging.clock, hanging.acquire("a"), 600)).model.sizeBytes).toBe(400);
    const failing = bench({
      wrap: (one) => ({ ...passThrough(one), predictSizeBytes: () => Promise.reject(new Error("no")) }),
      capacityBytes: 2 ** 20,
    });
    expect((await passing(failing.clock, failing.acquire("a"))).model.sizeBytes).toBe(400);
    expect(failing.cache.usedBytes).toBe(400);
  });
});

describe("room", () => {
  test("is made by evicting the least recently used idle model", async () => {
    const { clock, acquire, happened, runtime } = bench();
    for (const modelId of ["a", "b"]) (await passing(clock, acquire(modelId))).release();
    (await passing(clock, acquire("a"))).release();
    (await passing(clock, acquire("c"))).release();
    expect(happened.filter((one) => one.startsWith("evicted"))).toEqual(["evicted b"]);
    expect(runtime.peakBytes).toBe(800);
  });

  test("is not made from a model in use: the load waits until it is let go", async () => {
    const { clock, runtime, acquire, cache } = bench();
    const [a, b] = [await passing(clock, acquire("a")), await passing(clock, acquire("b"))];
    const c = acquire("c");
    await clock.advance(1_000);
    expect(runtime.loadedIds).toEqual(["a", "b"]);
    expect(cache.state("a")).toBeUndefined();
    a.release();
    expect((await passing(clock, c)).model.modelId).toBe("c");
    expect(runtime.loadedIds).toEqual(["b", "c"]);
    b.release();
  });

  test("that does not come free in time fails the load with a retryable error", async () => {
    const { clock, runtime, acquire } = bench();
    const held = [await passing(clock, acquire("a")), await passing(clock, acquire("b"))];
    const reason = reasonOf(acquire("c"));
    await clock.advance(3_000);
    expect(await reason).toBe("MEMORY_EXHAUSTED");
    for (const one of held) one.release();
    expect((await passing(clock, acquire("c"))).model.modelId).toBe("c");
    expect(runtime.peakBytes).toBe(800);
  });

  test("is kept by models that are always in use only until they are drained", async () => {
    const { clock, acquire, happened } = bench({ capacityBytes: 400 });
    const first = await passing(clock, acquire("a"));
    const b = acquire("b");
    await clock.advance(5);
    // One user of "a" follows the other without a gap; the second has to wait behind "b".
    const next = acquire("a");
    first.release();
    (await passing(clock, b)).release();
    (await passing(clock, next, 40)).release();
    expect(happened.filter((one) => one.startsWith("loaded"))).toEqual(["loaded a", "loaded b", "loaded a"]);
  });

  test("that a load needed beyond its prediction is repaid before the model is handed out, and is known the next time", async () => {
    const { clock, runtime, acquire, cache, happened } = bench();
    (await passing(clock, acquire("a"))).release();
    runtime.behave("b", { sizeBytes: 700, predictedSizeBytes: 100 });
    (await passing(clock, acquire("b"))).release();
    expect([happened.includes("evicted a"), cache.usedBytes]).toEqual([true, 700]);
    (await passing(clock, acquire("a"), 40)).release();
    expect(cache.usedBytes).toBe(400);
    runtime.behave("c", { sizeBytes: 500 });
    (await passing(clock, acquire("c"))).release();
    const peakBytes = runtime.peakBytes;
    (await passing(clock, acquire("b"))).release();
    expect(runtime.peakBytes).toBe(peakBytes);
  });

  test("beyond the capacity fails the load and leaves nothing behind, also when it shows only after the load", async () => {
    const { clock, runtime, acquire, cache } = bench();
    runtime.behave("big", { sizeBytes: 5_000 });
    runtime.behave("sly", { sizeBytes: 5_000, predictedSizeBytes: 10 });
    expect(await passing(clock, reasonOf(acquire("big")))).toBe("MODEL_TOO_LARGE");
    expect(await passing(clock, reasonOf(acquire("sly")))).toBe("MODEL_TOO_LARGE");
    expect([runtime.loadedIds, cache.usedBytes]).toEqual([[], 0]);
  });

  test("stays charged for a model that the runtime refuses to unload", async () => {
    const wrap = (one: ModelRuntime): ModelRuntime => ({
      ...passThrough(one),
      load: async (...args) => refusingToUnload(await one.load(...args)),
    });
    const { clock, acquire, cache, happened } = bench({ wrap, capacityBytes: 800 });
    (await passing(clock, acquire("a"))).release();
    cache.forget("a", "test");
    await clock.advance(60_000);
    expect([happened.at(-1), cache.usedBytes]).toEqual(["stuck a", 400]);
    expect((await passing(clock, acquire("b"))).model.modelId).toBe("b");
  });
});

describe("a model that leaves", () => {
  test("is not loaded again before its last copy is gone", async () => {
    const { clock, runtime, acquire, cache } = bench({ capacityBytes: 10_000 });
    const held = await passing(clock, acquire("a"));
    cache.forget("a", "test");
    const again = acquire("a");
    await clock.advance(1_000);
    expect(runtime.events.filter((one) => one.kind === "load")).toHaveLength(1);
    held.release();
    expect(await passing(clock, again)).not.toBe(held);
    expect(runtime.loadedIds).toEqual(["a"]);
  });

  test("while nobody waits for its load has the load given up", async () => {
    const { clock, cache, runtime, happened } = bench();
    runtime.behave("a", { hang: "load" });
    const ensured = cache.ensure("a", { reason: "test" }).catch((error: unknown) => PlatformError.from(error).reason);
    await clock.advance(10);
    cache.forget("a", "test");
    expect([await ensured, happened.at(-1)]).toEqual(["CANCELLED", "failed a CANCELLED"]);
    await clock.advance(0);
    expect(cache.usedBytes).toBe(0);
  });
});

describe("close()", () => {
  test("refuses loads, ends those under way, waits for holders, and unloads everything; twice is once", async () => {
    const { clock, runtime, acquire, cache } = bench();
    const held = await passing(clock, acquire("a"));
    const loading = reasonOf(acquire("b"));
    const closed = Promise.all([cache.close(5_000), cache.close(5_000)]);
    expect(await loading).toBe("MESH_CLOSING");
    await expect(acquire("c")).rejects.toMatchObject({ reason: "MESH_CLOSING", retryable: true });
    expect(runtime.loadedIds).toEqual(["a"]);
    held.release();
    await passing(clock, closed);
    expect([runtime.loadedIds, cache.usedBytes]).toEqual([[], 0]);
  });

  test("does not wait for a holder longer than it may", async () => {
    const { clock, acquire, cache, runtime } = bench();
    await passing(clock, acquire("a"));
    const closed = cache.close(5_000);
    await clock.advance(5_000);
    await closed;
    expect(runtime.loadedIds).toEqual(["a"]);
  });
});

test("for any sequence of requests, releases, deletions and time: what fits is never exceeded, nothing in use is unloaded, each waiter is answered once", async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("acquire" as const), model: fc.nat(7), limitMs: fc.nat(200) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("release" as const), holder: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("forget" as const), model: fc.nat(7) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(60) }) },
  );
  const models = fc.array(fc.record({ sizeBytes: fc.integer({ min: 50, max: 600 }), loadDelayMs: fc.nat(50), fails: fc.boolean() }), {
    minLength: 8,
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(models, fc.array(step, { maxLength: 60 }), async (behaviours, steps) => {
      const { clock, runtime, cache } = bench({ maxLoadingConcurrency: 3 });
      behaviours.forEach(({ fails, ...one }, index) => {
        const broken = fails && index > 5 ? { loadFailure: failure("MODEL_LOAD_FAILED", { why: "test" }) } : {};
        runtime.behave(`m${index}`, { ...one, ...broken });
      });
      const holders: HeldModel[] = [];
      let asked = 0;
      let answered = 0;
      const check = (): void => {
        expect(cache.usedBytes).toBeLessThanOrEqual(1_000);
        expect(runtime.peakBytes).toBeLessThanOrEqual(1_000);
        for (const one of holders) expect(runtime.loadedIds).toContain(one.model.modelId);
        expect(new Set(runtime.loadedIds).size).toBe(runtime.loadedIds.length);
      };
      for (const one of steps) {
        if (one.kind === "acquire") {
          asked++;
          const work = cache.acquire(`m${one.model}`, { deadlineMs: clock.monotonicMs() + one.limitMs });
          void Promise.resolve(work).then(
            (held) => holders.push(held) && answered++,
            () => answered++,
          );
        } else if (one.kind === "release") holders.splice(one.holder % Math.max(1, holders.length), 1)[0]?.release();
        else if (one.kind === "forget") cache.forget(`m${one.model}`, "test");
        else await clock.advance(one.ms);
        check();
      }
      for (let round = 0; round < 60; round++) {
        for (const held of holders.splice(0)) held.release();
        await clock.advance(250);
        check();
      }
      expect([answered, cache.waitingCount, cache.loadingCount, cache.queuedCount]).toEqual([asked, 0, 0, 0]);
      expect(cache.usedBytes).toBe(runtime.usedBytes);
    }),
    { numRuns: 60 },
  );
});

function passThrough(runtime: ModelRuntime): ModelRuntime {
  return {
    name: runtime.name,
    status: () => runtime.status(),
    predictSizeBytes: (request) => runtime.predictSizeBytes(request),
    load: (request, options) => runtime.load(request, options),
    close: () => runtime.close(),
  };
}

function refusingToUnload(model: LoadedModel): LoadedModel {
  const { modelId, signature, sizeBytes, sizeSource, maxConcurrency, placement, runMicros } = model;
  const facts = { modelId, signature, sizeBytes, sizeSource, maxConcurrency, placement, runMicros };
  return { ...facts, infer: (request) => model.infer(request), unload: () => Promise.reject(new Error("still busy")) };
}
