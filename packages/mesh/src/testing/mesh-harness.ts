/** A mesh on a fake clock, a store in memory and a fake runtime: what the tests of this package start from. */
import { failure, metricsRegistry, PlatformError, seededRandom } from "@modelyard/core";
import { type FakeClock, fakeClock, type RecordedLog, recordedLog } from "@modelyard/core/testing";
import { type FakeBehaviour, type FakeRuntime, fakeRuntime } from "@modelyard/runtimes/testing";
import { memoryStore, type Store, type WatchBatch } from "@modelyard/store";
import type { HeldModel } from "../contract.ts";
import { modelIdOf, modelKey, vmodelIdOf, vmodelKey } from "../identity.ts";
import { decodeModelRecord, decodeVModelRecord } from "../record-codec.ts";
import type { ModelRecord, VModelRecord } from "../records.ts";
import type { RunningMesh } from "../running-mesh.ts";
import { startMesh } from "../start-mesh.ts";
import type { MeshOptions } from "../start-options.ts";
import { setVModel } from "../vmodels/apply.ts";
import type { SetVModelRequest } from "../vmodels/plan.ts";
import type { VModelStatus } from "../vmodels/status.ts";

/** A store that can be away. */
export interface SwitchedStore extends Store {
  /** While true every call fails with `STORE_UNAVAILABLE`, and watches that run end with it. */
  setAway(isAway: boolean): void;
}

/** A store in front of another that can be made to be away. */
export function switchedStore(store: Store): SwitchedStore {
  let isAway = false;
  const watches = new Set<() => void>();
  const away = (): PlatformError => failure("STORE_UNAVAILABLE", { why: "the test says so" });
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    if (isAway) throw away();
    return await work();
  };
  return {
    setAway(next) {
      isAway = next;
      if (isAway) for (const end of watches) end();
    },
    range: (request, options) => guard(() => store.range(request, options)),
    transact: (transaction, options) => guard(() => store.transact(transaction, options)),
    watch(request) {
      const watch = store.watch(request);
      let isCut = isAway;
      const end = (): void => {
        isCut = true;
        watch.close();
      };
      watches.add(end);
      if (isAway) end();
      const iterate = async function* (): AsyncGenerator<WatchBatch, void> {
        for await (const batch of watch) yield batch;
        watches.delete(end);
        if (isCut) throw away();
      };
      return { started: watch.started, close: () => watch.close(), [Symbol.asyncIterator]: iterate };
    },
    compact: (revision, options) => guard(() => store.compact(revision, options)),
    grantLease: (request, options) => guard(() => store.grantLease(request, options)),
    keepAliveLease: (leaseId, options) => guard(() => store.keepAliveLease(leaseId, options)),
    revokeLease: (leaseId, options) => guard(() => store.revokeLease(leaseId, options)),
    leaseFacts: (leaseId, options) => guard(() => store.leaseFacts(leaseId, options)),
    close: () => store.close(),
  };
}

/** What a test drives. */
export interface MeshHarness {
  readonly clock: FakeClock;
  readonly store: SwitchedStore;
  readonly runtime: FakeRuntime;
  readonly mesh: RunningMesh;
  readonly recorded: RecordedLog;
  /** Points a service of namespace `default` at the model of an artifact and gives its id. */
  deploy(name: string, artifact: string, request?: Partial<SetVModelRequest>): Promise<string>;
  /** The same, with the whole answer. */
  set(name: string, artifact: string, request?: Partial<SetVModelRequest>): Promise<VModelStatus>;
  modelRecord(modelId: string): Promise<ModelRecord | undefined>;
  vmodelRecord(name: string): Promise<VModelRecord | undefined>;
  /** Makes a model that was told to fail load. */
  heal(modelId: string): void;
  /** Lets everything happen that needs no time. */
  settle(): Promise<void>;
  /** Acquires with a deadline, 60 s unless told otherwise, letting time pass until it is answered. */
  acquire(modelId: string, deadlineInMs?: number): Promise<HeldModel>;
  /** Acquires and releases; the reason when it fails. */
  request(modelId: string): Promise<"ok" | PlatformError["reason"]>;
  close(): Promise<void>;
}

/** Options of {@link meshHarness}. */
export interface MeshHarnessOptions extends Partial<MeshOptions> {
  readonly clock?: FakeClock;
  readonly store?: SwitchedStore;
  readonly runtime?: FakeRuntime;
}

/** Starts one instance; pass the clock and store of another harness to start a second beside it. */
export async function meshHarness(options: MeshHarnessOptions = {}): Promise<MeshHarness> {
  const random = options.random ?? seededRandom(1);
  const clock = options.clock ?? fakeClock();
  const store = options.store ?? switchedStore(memoryStore({ clock, random }));
  const runtime = options.runtime ?? fakeRuntime({ clock, behaviour: { sizeBytes: 100 } });
  const recorded = recordedLog();
  const mesh = await startMesh({
    runtimes: [runtime],
    instanceId: "one",
    capacityBytes: 1_000,
    version: "test",
    pid: 1,
    log: recorded.log,
    metrics: metricsRegistry(),
    ...options,
    random,
    clock,
    store,
  });
  const harness = driveMesh({ clock, store, runtime, mesh, recorded });
  await harness.settle();
  return harness;
}

/** Id of the model that an artifact is under a service. */
export function testModelId(name: string, artifact: string): string {
  return modelIdOf({ namespace: "default", name, artifactDigest: artifact, type: "onnx", runtime: "fake", parameters: {} });
}

type Parts = Pick<MeshHarness, "clock" | "store" | "runtime" | "mesh" | "recorded">;

function driveMesh(parts: Parts): MeshHarness {
  const { clock, store, mesh } = parts;
  const revisions = new Map<string, number>();
  const set: MeshHarness["set"] = async (name, artifact, request = {}) => {
    const revision = (revisions.get(name) ?? 0) + 1;
    revisions.set(name, revision);
    const model = { type: "onnx", artifactDigest: artifact, parameters: {}, runtime: "fake" };
    const target = { targetModelId: testModelId(name, artifact), targetRevision: revision, model, autoDelete: true };
    const status = await setVModel(store, { vmodelId: vmodelIdOf("default", name), owner: "isvc", ...target, ...request });
    await settle(clock);
    return status;
  };
  const acquire: MeshHarness["acquire"] = (modelId, deadlineInMs = 60_000) =>
    throughTime(clock, mesh.acquire(modelId, { deadlineMs: clock.monotonicMs() + deadlineInMs }));
  return {
    ...parts,
    set,
    async deploy(name, artifact, request) {
      await set(name, artifact, request);
      return testModelId(name, artifact);
    },
    modelRecord: (modelId) => readRecord(store, modelKey(modelId), decodeModelRecord),
    vmodelRecord: (name) => readRecord(store, vmodelKey(vmodelIdOf("default", name)), decodeVModelRecord),
    // The type has no way to take back a behaviour but to set it to nothing.
    heal: (modelId) => parts.runtime.behave(modelId, { loadFailure: undefined } as unknown as FakeBehaviour),
    settle: () => settle(clock),
    acquire,
    async request(modelId) {
      try {
        (await acquire(modelId)).release();
        return "ok";
      } catch (error) {
        return PlatformError.from(error).reason;
      }
    },
    close: () => throughTime(clock, mesh.close()),
  };
}

async function settle(clock: FakeClock): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await clock.advance(0);
  // The record writer and the second hand act within this time.
  for (let turn = 0; turn < 10; turn++) await clock.advance(200);
}

/** Lets time pass, at most ten minutes of it, until the work is done. */
export async function throughTime<T>(clock: FakeClock, work: T | Promise<T>): Promise<T> {
  let isDone = false;
  const done = Promise.resolve(work).finally(() => {
    isDone = true;
  });
  // Handled by whoever awaits `done`; until then a rejection must not count as unhandled.
  done.catch(() => {});
  for (let stepMs = 0, passedMs = 0; !isDone && passedMs < 600_000; stepMs = Math.min(1_000, stepMs + 1), passedMs += stepMs) {
    await clock.advance(stepMs);
  }
  return await done;
}

async function readRecord<R>(store: Store, key: string, decode: (bytes: Uint8Array) => R | undefined): Promise<R | undefined> {
  const { keyValues } = await store.range({ range: { kind: "key", key } });
  return keyValues[0] && decode(keyValues[0].value);
}
