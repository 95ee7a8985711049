/**
 * Time and allocation of the request path: find a service, acquire its loaded model, release it. Run by hand:
 * `node --expose-gc --conditions=modelyard-source packages/mesh/src/cache/model-cache.bench.ts`. Budget: 300 ns for all three, no allocation.
 * Also how many loads a second the cache itself allows when loading takes no time, with room for 300 of 1,000 models.
 */
import { seededRandom, silentLog, systemClock } from "@modelyard/core";
import { fakeRuntime } from "@modelyard/runtimes/testing";
import { RoutingTable, routeOf } from "../routing-table.ts";
import { ModelCache } from "./model-cache.ts";

const modelCount = 1_000;
const capacityModels = 300;
const sizeBytes = 100;
const clock = systemClock();
const runtime = fakeRuntime({ clock, behaviour: { sizeBytes } });
const ignore = (): void => {};

const cache = new ModelCache({
  clock,
  log: silentLog(),
  capacityBytes: capacityModels * sizeBytes,
  limits: { maxLoadingConcurrency: 4, maxQueuedLoads: 10_000, maxWaiters: 10_000, roomTimeoutMs: 5_000 },
  sourceOf: (modelId) => ({ request: { modelId, modelType: "onnx", artifactDigest: "", parameters: {} }, revision: 1, runtime }),
  events: {
    onLoadStarted: ignore,
    onStage: ignore,
    onCrash: () => "restart",
    onSized: ignore,
    onUnloadAttemptFailed: ignore,
    onLoaded: ignore,
    onLoadFailed: ignore,
    onWaited: ignore,
    onEvicted: ignore,
    onUnloaded: ignore,
  },
});

const table = new RoutingTable();
const names = Array.from({ length: modelCount }, (_, index) => `model-${index}`);
for (const name of names) {
  const id = `default/${name}`;
  const record = { owner: "isvc", activeModelId: id, activeRevision: 1, targetModelId: id, targetRevision: 1, failed: false } as const;
  const route = routeOf(id, record);
  if (route) table.set(route);
}

await measureHits();
await measureLoads();

async function measureHits(): Promise<void> {
  const options = { deadlineMs: Number.MAX_SAFE_INTEGER };
  const hot = names.slice(0, capacityModels);
  for (const name of hot) (await cache.acquire(`default/${name}`, options)).release();
  const rounds = 5_000_000;
  for (let repeat = 0; repeat < 5; repeat++) {
    globalThis.gc?.();
    const heapBefore = process.memoryUsage().heapUsed;
    const startedMs = clock.monotonicMs();
    for (let round = 0; round < rounds; round++) {
      const route = table.find("default", hot[(round * 7) % capacityModels] ?? "");
      const held = route && cache.acquire(route.active.modelId, options);
      if (held && !(held instanceof Promise)) held.release();
    }
    const nanoseconds = ((clock.monotonicMs() - startedMs) * 1e6) / rounds;
    const bytes = (process.memoryUsage().heapUsed - heapBefore) / rounds;
    console.log(`find + acquire + release: ${nanoseconds.toFixed(0)} ns, ${bytes.toFixed(3)} bytes`);
  }
}

async function measureLoads(): Promise<void> {
  const random = seededRandom(1);
  const startedMs = clock.monotonicMs();
  const durationMs = 2_000;
  let requests = 0;
  const user = async (): Promise<void> => {
    while (clock.monotonicMs() - startedMs < durationMs) {
      const name = names[Math.floor(random.next() * modelCount)] ?? "";
      const held = await cache.acquire(`default/${name}`, { deadlineMs: clock.monotonicMs() + 5_000 });
      requests++;
      held.release();
    }
  };
  await Promise.all(Array.from({ length: 8 }, user));
  const misses = Math.round(requests * (1 - capacityModels / modelCount));
  console.log(
    `uniform over ${modelCount}: ${Math.round((requests * 1_000) / durationMs)} requests/s, about ${Math.round((misses * 1_000) / durationMs)} loads/s`,
  );
  console.log(`most bytes at once: ${runtime.peakBytes} of ${capacityModels * sizeBytes}`);
}
