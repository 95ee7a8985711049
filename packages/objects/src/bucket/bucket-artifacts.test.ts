import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog, systemClock, systemRandom } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ArtifactStoreOptions, openArtifactStore } from "../artifact-store.ts";
import type { Artifact, ArtifactStore, S3Source } from "../contract.ts";
import { artifactStoreContract } from "../testing/artifact-store-contract.ts";
import { type RealS3, startRealS3, whyNoS3 } from "../testing/real-s3.ts";
import { Bucket } from "./bucket.ts";
import { manifestKey } from "./collect-bucket.ts";
import { doomedBlobs, removeDoomed, settleMs } from "./doomed-blobs.ts";
import { leaseMs, readLeases } from "./leases.ts";

const missing = await whyNoS3();
if (missing) console.warn(`Tests of artifacts in a bucket are skipped: ${missing}`);

describe.skipIf(missing !== undefined)("artifacts in a bucket of a real server", () => {
  let server: RealS3;
  let prefixes = 0;
  let folder: string;
  let place: S3Source;
  let bucket: Bucket;
  const opened: ArtifactStore[] = [];

  beforeAll(async () => {
    server = await startRealS3();
    await server.session.client.send(new server.session.sdk.CreateBucketCommand({ Bucket: "artifacts" }));
  });

  afterAll(async () => {
    await server?.stop();
  });

  function nextPlace(): S3Source {
    const { endpoint, region, credentials } = server;
    return { kind: "s3", bucket: "artifacts", path: `p${prefixes++}`, endpoint, region, credentials };
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "bucket-"));
    place = nextPlace();
    bucket = await Bucket.open(place);
  });

  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    bucket.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function openOn(machine: string, more: Partial<ArtifactStoreOptions> = {}): Promise<ArtifactStore> {
    const deps = { clock: systemClock(), log: silentLog(), random: systemRandom() };
    const store = await openArtifactStore({ ...deps, directory: join(folder, machine), bucket: place, ...more });
    opened.push(store);
    return store;
  }

  async function source(name: string, bytes: Uint8Array | string): Promise<{ readonly kind: "file"; readonly path: string }> {
    await writeFile(join(folder, name), bytes);
    return { kind: "file", path: join(folder, name) };
  }

  async function contentOf(store: ArtifactStore, digest: string): Promise<Buffer> {
    const open = await store.open(digest);
    const [file] = open.artifact.files;
    const bytes = file ? await readFile(open.pathOf(file)) : Buffer.alloc(0);
    await open.close();
    return bytes;
  }

  const blobKey = (artifact: Artifact): string => `blobs/${artifact.files[0]?.digest.slice(7)}`;
  const nothing = (): boolean => false;

  artifactStoreContract("a bucket", async () => {
    const own = nextPlace();
    return (directory) => openArtifactStore({ directory, bucket: own, clock: systemClock(), log: silentLog(), random: systemRandom() });
  });

  test("what one machine took in another one finds, in one piece or in parts", async () => {
    const one = await openOn("one");
    const two = await openOn("two");
    for (const [name, sizeBytes] of [
      ["small", 1_000],
      ["large", 40_000_000],
    ] as const) {
      const bytes = randomBytes(sizeBytes);
      const artifact = await one.ingest(await source(name, bytes));
      expect(await two.find(artifact.digest)).toEqual(artifact);
      expect((await contentOf(two, artifact.digest)).equals(bytes)).toBe(true);
    }
  });

  test("the folder may be deleted at any time", async () => {
    const store = await openOn("one");
    const model = await source("model", "weights");
    const { digest } = await store.ingest(model);
    await rm(join(folder, "one"), { recursive: true });
    expect((await contentOf(store, digest)).toString()).toBe("weights");
    await rm(join(folder, "one"), { recursive: true });
    await store.ingest(await source("other", "other"));
    await rm(join(folder, "one"), { recursive: true });
    await store.collectGarbage(() => true);
    expect(await store.find(digest)).toMatchObject({ digest });
  });

  test("wrong bytes in the bucket are refused, and replaced when the source comes in again", async () => {
    const one = await openOn("one");
    const two = await openOn("two");
    const model = await source("model", "weights");
    const artifact = await one.ingest(model);
    await bucket.write(blobKey(artifact), Buffer.from("wEights"));
    expect(await two.find(artifact.digest)).toBeUndefined();
    await expect(two.open(artifact.digest)).rejects.toMatchObject({ reason: "ARTIFACT_NOT_FOUND" });
    await two.ingest(model);
    const three = await openOn("three");
    expect((await contentOf(three, artifact.digest)).toString()).toBe("weights");
  });

  test("what the folder has and the bucket lacks is sent when it is looked for", async () => {
    const deps = { clock: systemClock(), log: silentLog(), random: systemRandom() };
    const before = await openArtifactStore({ ...deps, directory: join(folder, "one") });
    const { digest } = await before.ingest(await source("model", "weights"));
    await before.close();
    const store = await openOn("one");
    await store.find(digest);
    expect((await contentOf(await openOn("two"), digest)).toString()).toBe("weights");
    await bucket.remove(manifestKey(digest));
    await store.collectGarbage(() => true);
    expect(await bucket.stat(manifestKey(digest))).toBeDefined();
  });

  test("ingest fails when the bucket does, and names it", async () => {
    const store = await openOn("one", { bucket: { ...place, bucket: "absent" } });
    await expect(store.ingest(await source("model", "m"))).rejects.toMatchObject({
      reason: "ARTIFACT_BUCKET_UNAVAILABLE",
      message: expect.stringContaining("s3://absent/"),
    });
  });

  test("a collection leaves what another machine refers to, until it does not", async () => {
    const one = await openOn("one");
    const two = await openOn("two");
    const artifact = await one.ingest(await source("model", "weights"));
    await one.collectGarbage(() => true, { minAgeMs: 0 });
    expect((await two.collectGarbage(nothing, { minAgeMs: 0 })).removedArtifacts).toBe(0);
    await one.collectGarbage(nothing, { minAgeMs: 0 });
    expect([await bucket.stat(manifestKey(artifact.digest)), await bucket.stat(blobKey(artifact))]).toEqual([undefined, undefined]);
  });

  test("machines that take in and collect at the same time lose nothing that was acknowledged", { timeout: 60_000 }, async () => {
    const machines = [await openOn("one"), await openOn("two"), await openOn("three")];
    const models = await Promise.all(Array.from({ length: 4 }, (_, index) => source(`m${index}`, `weights ${index % 2}`)));
    const kept = new Map(machines.map((machine) => [machine, new Set<string>()]));
    for (let round = 0; round < 4; round++) {
      const work = machines.map(async (machine, index) => {
        const mine = kept.get(machine) ?? new Set();
        mine.clear();
        const model = models[(round + index) % models.length];
        if (model) mine.add((await machine.ingest(model)).digest);
        await machine.collectGarbage((digest) => mine.has(digest));
      });
      await Promise.all(work);
      for (const mine of kept.values())
        for (const digest of mine) {
          const reader = await openOn(`reader-${round}-${digest.slice(7, 17)}`);
          expect((await contentOf(reader, digest)).toString()).toContain("weights");
        }
    }
  });

  test("who takes in bytes that are doomed waits until their removal is settled, then sends them again", async () => {
    const clock = fakeClock(Date.now());
    const one = await openOn("one");
    const model = await source("model", "weights");
    const artifact = await one.ingest(model);
    const name = artifact.files[0]?.digest.slice(7) ?? "";
    await bucket.write("doomed/other.json", Buffer.from(JSON.stringify({ [name]: 0 })));
    expect(await doomedBlobs(bucket, undefined)).toEqual(new Set([name]));
    const two = await openOn("two", { clock });
    const waiting = Promise.withResolvers<void>();
    const setTimer = clock.setTimer.bind(clock);
    clock.setTimer = (delayMs, action) => {
      if (delayMs === settleMs) waiting.resolve();
      return setTimer(delayMs, action);
    };
    const ingesting = two.ingest(model);
    await waiting.promise;
    await bucket.remove(blobKey(artifact));
    await clock.advance(settleMs);
    await ingesting;
    expect(await bucket.stat(blobKey(artifact))).toBeDefined();
  });

  test("a blob nothing names is doomed first, and removed after the grace period unless somebody has a lease on it", async () => {
    const clock = systemClock();
    const [free, leased] = ["a".repeat(64), "b".repeat(64)];
    for (const name of [free, leased]) await bucket.write(`blobs/${name}`, Buffer.from("bytes"));
    await bucket.write("leases/other/x.json", Buffer.from(JSON.stringify({ artifacts: [], blobs: [`sha256:${leased}`] })));
    const { modifiedAtMs: nowMs = 0 } = (await bucket.stat("leases/other/x.json")) ?? {};
    const names = async (): Promise<readonly string[]> => (await bucket.list("blobs/")).map(({ key }) => key.slice("blobs/".length));
    const run = { bucket, holder: "one", clock, minAgeMs: 600_000, signal: undefined };
    const candidates = new Set([free, leased]);
    await removeDoomed({ ...run, nowMs }, candidates);
    await removeDoomed({ ...run, nowMs: nowMs + 599_000 }, candidates);
    expect([await names(), await doomedBlobs(bucket, undefined)]).toEqual([[free, leased], candidates]);
    await removeDoomed({ ...run, nowMs: nowMs + 600_000 }, candidates);
    expect([await names(), await doomedBlobs(bucket, undefined)]).toEqual([[leased], new Set()]);
  });

  test("leases of a machine that is gone run out, by the server's clock", async () => {
    await bucket.write("leases/gone/refs.json", Buffer.from(JSON.stringify({ artifacts: [] })));
    const { modifiedAtMs = 0 } = (await bucket.stat("leases/gone/refs.json")) ?? {};
    await readLeases(bucket, { nowMs: modifiedAtMs + leaseMs, signal: undefined });
    expect(await bucket.stat("leases/gone/refs.json")).toBeDefined();
    await readLeases(bucket, { nowMs: modifiedAtMs + leaseMs + 1, signal: undefined });
    expect(await bucket.stat("leases/gone/refs.json")).toBeUndefined();
  });
});
