import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Event, eventKind, inferenceServiceKind } from "@modelyard/api";
import { seededRandom, silentLog, systemRandom } from "@modelyard/core";
import { type FakeClock, fakeClock, recordedLog } from "@modelyard/core/testing";
import { encodeRecord, modelKey } from "@modelyard/mesh";
import type { ArtifactStore, GarbageReport } from "@modelyard/objects";
import { openArtifactStore } from "@modelyard/objects/store";
import { type StoreResources, storeResources, timestamp } from "@modelyard/resources";
import { memoryStore, putOperation, type Store } from "@modelyard/store";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Fetches } from "../fetch/fetches.ts";
import { runPeriodically } from "./periodic.ts";
import { sweepArtifacts } from "./sweep-artifacts.ts";
import { eventTtlMs, sweepEvents } from "./sweep-events.ts";

let clock: FakeClock;
let store: Store;
let client: StoreResources;

beforeEach(() => {
  clock = fakeClock();
  const random = seededRandom(3);
  store = memoryStore({ clock, random });
  client = storeResources(store, { clock, random });
});
afterEach(() => store.close());

const event = (name: string, lastMs: number): Event => ({
  apiVersion: "v1",
  kind: "Event",
  metadata: { name, namespace: "default" },
  involvedObject: { name: "digits" },
  lastTimestamp: timestamp(lastMs),
});

test("sweepEvents() removes what last happened an hour ago", async () => {
  await client.create(eventKind, event("old", clock.nowMs()));
  await clock.advance(eventTtlMs);
  await client.create(eventKind, event("new", clock.nowMs()));
  expect(await sweepEvents(client, clock.nowMs())).toBe(1);
  expect((await client.list(eventKind)).items.map((one) => one.metadata.name)).toEqual(["new"]);
});

describe("sweepArtifacts()", () => {
  let folder: string;
  let artifacts: ArtifactStore;
  let now: FakeClock;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "garbage-"));
    // An hour ahead of the files' times, so that all are old enough to go.
    now = fakeClock(Date.now() + 3_600_000);
    artifacts = await openArtifactStore({ directory: join(folder, "objects"), clock: now, log: silentLog(), random: systemRandom() });
  });
  afterEach(async () => {
    await artifacts.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function stored(name: string): Promise<string> {
    await writeFile(join(folder, name), name);
    return (await artifacts.ingest({ kind: "file", path: join(folder, name) })).digest;
  }

  const sweep = (): Promise<GarbageReport | undefined> => {
    const { signal } = new AbortController();
    const fetches = new Fetches({ artifacts, clock: now, random: seededRandom(1), log: silentLog(), signal, onChange: () => {} });
    return sweepArtifacts({ store, client, artifacts, fetches }, signal);
  };

  test("keeps what a model record or a service refers to", async () => {
    const [ofModel, ofService, ofNobody] = [await stored("model"), await stored("service"), await stored("nobody")];
    const facts = { parameters: {}, references: 1, autoDelete: true, copies: {}, failures: {}, crashes: [], lastUsedMs: 0 };
    const record = encodeRecord({ ...facts, type: "onnx", artifactDigest: ofModel, runtime: "onnxruntime", revision: 1 });
    await store.transact({ success: [putOperation(modelKey("default/digits__isvc-0"), record)] });
    const service = {
      apiVersion: "serving.kserve.io/v1beta1",
      kind: "InferenceService",
      metadata: { name: "digits", namespace: "default" },
      spec: { predictor: {} },
    } as const;
    await client.create(inferenceServiceKind, service);
    await client.updateStatus(inferenceServiceKind, { ...service, status: { modelyard: { digest: ofService } } });
    expect(await sweep()).toMatchObject({ removedArtifacts: 1, keptArtifacts: 2 });
    expect(await artifacts.find(ofNobody)).toBeUndefined();
  });

  test("removes nothing while a record cannot be read", async () => {
    const digest = await stored("nobody");
    await store.transact({ success: [putOperation(modelKey("default/digits__isvc-0"), new Uint8Array([1]))] });
    expect(await sweep()).toBeUndefined();
    expect(await artifacts.find(digest)).toBeDefined();
  });
});

test("runPeriodically() goes on after a failure, and ends with its signal", async () => {
  const { log, records } = recordedLog();
  const stop = new AbortController();
  let passes = 0;
  const ended = runPeriodically({ name: "work", everyMs: 1_000, clock, log, signal: stop.signal }, async () => {
    passes++;
    if (passes === 1) throw new Error("once");
  });
  await clock.advance(3_000);
  expect([passes, records.length]).toEqual([3, 1]);
  stop.abort();
  await ended;
  expect(clock.pending).toBe(0);
});
