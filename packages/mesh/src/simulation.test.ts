import { failure, PlatformError, type Random, randomInteger, seededRandom } from "@modelyard/core";
import { type FakeClock, fakeClock } from "@modelyard/core/testing";
import { fakeRuntime } from "@modelyard/runtimes/testing";
import { memoryStore, type Store } from "@modelyard/store";
import { expect, test } from "vitest";
import type { HeldModel } from "./contract.ts";
import { decodeModelRecord, decodeVModelRecord } from "./record-codec.ts";
import { type ModelRecord, registryPrefix, type VModelRecord, vmodelPrefix } from "./records.ts";
import { type MeshHarness, meshHarness, switchedStore, testModelId } from "./testing/mesh-harness.ts";
import { deleteVModel } from "./vmodels/apply.ts";

const services = Array.from({ length: 12 }, (_, index) => `s${index}`);
const artifacts = ["v1", "v2", "v3"];
const capacityBytes = 1_000;

interface Holding {
  readonly harness: MeshHarness;
  readonly held: HeldModel;
  readonly untilMs: number;
}

/** Two instances and everything that can happen to them. */
class Simulation {
  readonly #random: Random;
  readonly #clock: FakeClock = fakeClock();
  readonly #store: Store;
  readonly #harnesses: MeshHarness[] = [];
  readonly #holdings: Holding[] = [];
  readonly reasons: Map<string, number> = new Map();
  readonly broken: Set<string> = new Set();
  asked = 0;
  answered = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#store = memoryStore({ clock: this.#clock, random: this.#random });
  }

  async start(): Promise<void> {
    for (const instanceId of ["one", "two"]) {
      const runtime = fakeRuntime({ clock: this.#clock });
      const store = switchedStore(this.#store);
      this.#harnesses.push(await meshHarness({ clock: this.#clock, store, runtime, instanceId, capacityBytes, random: this.#random }));
    }
    for (const name of services) for (const artifact of artifacts) this.#behave(testModelId(name, artifact));
    for (const name of services) await this.#pick(this.#harnesses).deploy(name, "v1");
  }

  async step(): Promise<void> {
    const dice = this.#random.next();
    if (dice < 0.62) this.#request();
    else if (dice < 0.7) await this.#deploy();
    else if (dice < 0.71) await deleteVModel(this.#store, { vmodelId: `default/${this.#pick(services)}` });
    else if (dice < 0.74) this.#pick(this.#harnesses).store.setAway(true);
    else if (dice < 0.78) this.#pick(this.#harnesses).store.setAway(false);
    else if (dice < 0.8) this.#breakOne();
    else if (dice < 0.82) this.#healAll();
    else await this.#clock.advance(randomInteger(this.#random, dice < 0.97 ? 100 : 20_000));
    this.#letGo();
    this.check();
  }

  /** Everything works again, and enough time passes for every failure to expire. */
  async calmDown(): Promise<void> {
    this.#healAll();
    for (const harness of this.#harnesses) harness.store.setAway(false);
    for (let round = 0; round < 200; round++) {
      await this.#clock.advance(5_000);
      this.#letGo();
      this.check();
    }
    for (const harness of this.#harnesses) await harness.settle();
  }

  /** What holds at every moment. */
  check(): void {
    for (const { mesh, runtime } of this.#harnesses) {
      expect(mesh.statistics().usedBytes).toBeLessThanOrEqual(capacityBytes);
      expect(runtime.peakBytes).toBeLessThanOrEqual(capacityBytes);
      expect(new Set(runtime.loadedIds).size).toBe(runtime.loadedIds.length);
    }
    for (const { harness, held } of this.#holdings) expect(harness.runtime.loadedIds).toContain(held.model.modelId);
  }

  /** What holds once nothing happens any more. */
  async checkCalm(): Promise<void> {
    const vmodels = await this.#records(vmodelPrefix, decodeVModelRecord);
    const models = await this.#records(registryPrefix, decodeModelRecord);
    for (const [vmodelId, vmodel] of vmodels) {
      expect([vmodelId, vmodel.activeModelId, vmodel.failed]).toEqual([vmodelId, vmodel.targetModelId, false]);
      for (const { mesh } of this.#harnesses) {
        expect(mesh.find("default", vmodelId.slice("default/".length))?.active.modelId).toBe(vmodel.activeModelId);
      }
    }
    for (const [modelId, record] of models) this.#checkModel(modelId, record, vmodels);
    expect(this.answered).toBe(this.asked);
    for (const { mesh, runtime } of this.#harnesses) {
      expect(mesh.statistics()).toMatchObject({ unwrittenCount: 0, waitingCount: 0, queuedCount: 0, loadingCount: 0 });
      expect(mesh.list().length).toBe(vmodels.size);
      for (const modelId of runtime.loadedIds) expect(models.has(modelId)).toBe(true);
    }
    expect(this.#harnesses.filter(({ mesh }) => mesh.statistics().isLeader)).toHaveLength(1);
  }

  async close(): Promise<void> {
    for (const harness of this.#harnesses) await harness.close();
  }

  #checkModel(modelId: string, record: ModelRecord, vmodels: ReadonlyMap<string, VModelRecord>): void {
    const referrers = [...vmodels.values()].filter((one) => one.activeModelId === modelId || one.targetModelId === modelId);
    expect([modelId, record.references]).toEqual([modelId, referrers.length]);
    expect(record.references > 0 || !record.autoDelete).toBe(true);
    expect(record.failures).toEqual({});
    const holders = this.#harnesses.filter(({ runtime }) => runtime.loadedIds.includes(modelId));
    expect(Object.keys(record.copies).length).toBe(holders.length);
    expect(Object.values(record.copies).every((copy) => copy.state === "loaded")).toBe(true);
  }

  #request(): void {
    const harness = this.#pick(this.#harnesses);
    // A few services are asked for much more often than the others.
    const name = services[Math.floor(services.length * this.#random.next() ** 3)] ?? "";
    const route = harness.mesh.find("default", name);
    if (!route) return;
    const { modelId } = route.active;
    const limitMs = 1 + randomInteger(this.#random, 2_000);
    this.asked++;
    const work = harness.mesh.acquire(modelId, { deadlineMs: this.#clock.monotonicMs() + limitMs });
    if (work instanceof Promise) void work.then(this.#holder(harness, modelId), (error: unknown) => this.#count(modelId, error));
    else this.#holder(harness, modelId)(work);
  }

  #holder(harness: MeshHarness, modelId: string): (held: HeldModel) => void {
    return (held) => {
      this.answered++;
      expect(held.model.modelId).toBe(modelId);
      this.#holdings.push({ harness, held, untilMs: this.#clock.monotonicMs() + randomInteger(this.#random, 80) });
    };
  }

  #count(modelId: string, error: unknown): void {
    const { reason } = PlatformError.from(error);
    this.answered++;
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
    if (reason === "MODEL_LOAD_FAILED") expect(this.broken.has(modelId)).toBe(true);
  }

  async #deploy(): Promise<void> {
    const harness = this.#pick(this.#harnesses);
    const name = this.#pick(services);
    const autoDelete = this.#random.next() < 0.8;
    await harness.set(name, this.#pick(artifacts), { autoDelete }).catch((error: unknown) => {
      // Control would try again; here the store is away.
      expect(PlatformError.from(error).reason).toBe("STORE_UNAVAILABLE");
    });
  }

  #letGo(): void {
    const nowMs = this.#clock.monotonicMs();
    const over = this.#holdings.filter((one) => one.untilMs <= nowMs);
    for (const one of over) {
      this.#holdings.splice(this.#holdings.indexOf(one), 1);
      one.held.release();
    }
  }

  #behave(modelId: string): void {
    const sizeBytes = 100 + randomInteger(this.#random, 300);
    const loadDelayMs = randomInteger(this.#random, 150);
    for (const { runtime } of this.#harnesses) runtime.behave(modelId, { sizeBytes, loadDelayMs });
  }

  #breakOne(): void {
    const modelId = testModelId(this.#pick(services), this.#pick(artifacts));
    this.broken.add(modelId);
    for (const { runtime } of this.#harnesses) runtime.behave(modelId, { loadFailure: failure("MODEL_LOAD_FAILED", { why: "simulated" }) });
  }

  /** What failed is remembered for a while, so `broken` only grows. */
  #healAll(): void {
    for (const modelId of this.broken) for (const harness of this.#harnesses) harness.heal(modelId);
  }

  #pick<T>(from: readonly T[]): T {
    const picked = from[randomInteger(this.#random, from.length)];
    if (picked === undefined) throw new Error("nothing to pick from");
    return picked;
  }

  async #records<R>(prefix: string, decode: (bytes: Uint8Array) => R | undefined): Promise<ReadonlyMap<string, R>> {
    const { keyValues } = await this.#store.range({ range: { kind: "prefix", prefix } });
    const records = keyValues.flatMap(({ key, value }) => {
      const record = decode(value);
      return record ? [[key.slice(prefix.length), record] as const] : [];
    });
    expect(records).toHaveLength(keyValues.length);
    return new Map(records);
  }
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "two instances through requests, loads, failures, evictions, outages and vmodel changes, seed %i",
  async (seed) => {
    const simulation = new Simulation(seed);
    await simulation.start();
    for (let step = 0; step < 1_000; step++) await simulation.step();
    await simulation.calmDown();
    await simulation.checkCalm();
    await simulation.close();
    const allowed = ["DEADLINE_EXCEEDED", "MEMORY_EXHAUSTED", "MODEL_LOAD_FAILED"];
    for (const reason of simulation.reasons.keys()) expect(allowed).toContain(reason);
    // A simulation in which nothing is answered proves nothing.
    const failed = [...simulation.reasons.values()].reduce((sum, count) => sum + count, 0);
    expect(simulation.answered - failed).toBeGreaterThan(200);
  },
);
