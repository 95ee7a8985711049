import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog, systemClock, systemRandom } from "@modelyard/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openArtifactStore } from "../../artifact-store.ts";
import type { Artifact, ArtifactStore, FetchProgress, S3Source } from "../../contract.ts";
import { SecretText } from "../../secret-text.ts";
import { cuttingProxy } from "../../testing/cutting-proxy.ts";
import { fetchUnderCuts } from "../../testing/fetch-under-cuts.ts";
import { type RealS3, startRealS3, whyNoS3 } from "../../testing/real-s3.ts";
import { stallingProxy } from "../../testing/stalling-proxy.ts";

const missing = await whyNoS3();
if (missing) console.warn(`Tests against a real S3 server are skipped: ${missing}`);

describe.skipIf(missing !== undefined)("s3:// against a real server", () => {
  let server: RealS3;
  let folder: string;
  let store: ArtifactStore;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "objects-s3-"));
    server = await startRealS3();
    store = await openArtifactStore({ directory: folder, clock: systemClock(), log: silentLog(), random: systemRandom() });
    await server.session.client.send(new server.session.sdk.CreateBucketCommand({ Bucket: "models" }));
  });

  afterAll(async () => {
    await store?.close();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function put(key: string, body: Uint8Array | string): Promise<void> {
    await server.session.client.send(new server.session.sdk.PutObjectCommand({ Bucket: "models", Key: key, Body: body }));
  }

  function source(path: string, more: Partial<S3Source> = {}): S3Source {
    const { endpoint, region, credentials } = server;
    return { kind: "s3", bucket: "models", path, endpoint, region, credentials, ...more };
  }

  async function contentOf(artifact: Artifact, path: string): Promise<Buffer> {
    const opened = await store.open(artifact.digest);
    const file = artifact.files.find((one) => one.path === path);
    const bytes = file ? await readFile(opened.pathOf(file)) : Buffer.alloc(0);
    await opened.close();
    return bytes;
  }

  test("an address of an object is one file of its last name", async () => {
    const bytes = randomBytes(100_000);
    await put("one/digits.onnx", bytes);
    const artifact = await store.ingest(source("one/digits.onnx"));
    expect(artifact.files.map((file) => file.path)).toEqual(["digits.onnx"]);
    expect(await contentOf(artifact, "digits.onnx")).toEqual(bytes);
  });

  test("an address of a prefix is everything below it and nothing beside it, files of no bytes too, markers of folders not", async () => {
    await put("tree/", "");
    await put("tree/config.pbtxt", "");
    await put("tree/1/", "");
    await put("tree/1/model.onnx", "weights");
    await put("tree-beside/other", "x");
    const artifact = await store.ingest(source("tree"));
    expect(artifact.files.map((file) => [file.path, file.sizeBytes])).toEqual([
      ["1/model.onnx", 7],
      ["config.pbtxt", 0],
    ]);
  });

  test("keys with spaces, percent signs, question marks and letters beyond ASCII are taken as they stand", async () => {
    for (const name of ["a b.bin", "50%25.bin", "what?.bin", "größe#1.bin"]) await put(`names/${name}`, name);
    const artifact = await store.ingest(source("names"));
    expect(artifact.files.map((file) => file.path).toSorted()).toEqual(["50%25.bin", "a b.bin", "größe#1.bin", "what?.bin"]);
  });

  test("every page of a listing of more than 1,000 objects is read", async () => {
    const names = Array.from({ length: 1_005 }, (_none, index) => `many/${String(index).padStart(5, "0")}`);
    for (let start = 0; start < names.length; start += 50) await Promise.all(names.slice(start, start + 50).map((name) => put(name, name)));
    const artifact = await store.ingest(source("many"));
    expect(artifact.files).toHaveLength(1_005);
  }, 120_000);

  test("wrong credentials are refused without showing them, and an absent key is named", async () => {
    const credentials = { kind: "static", accessKeyId: "test:tester", secretAccessKey: new SecretText("hunter2-wrong") } as const;
    const refused = store.ingest(source("one/digits.onnx", { credentials }));
    await expect(refused).rejects.toMatchObject({ reason: "SOURCE_REFUSED", message: expect.not.stringContaining("hunter2") });
    await expect(store.ingest(source("absent"))).rejects.toMatchObject({ reason: "SOURCE_NOT_FOUND" });
  });

  test("an object goes on where an aborted fetch left it, and starts over when it has changed since", async () => {
    const bytes = randomBytes(3_000_000);
    await put("resume.bin", bytes);
    const proxy = await cuttingProxy({ target: server.endpoint, seed: 1, livesOneIn: 1 });
    const through = source("resume.bin", { endpoint: proxy.endpoint });
    const abortedAt = async (limitBytes: number): Promise<void> => {
      const stop = new AbortController();
      const onProgress = ({ doneBytes }: FetchProgress): void => void (doneBytes >= limitBytes && stop.abort());
      await expect(store.ingest(through, { signal: stop.signal, onProgress })).rejects.toThrow();
    };
    await abortedAt(1_500_000);
    const seen: number[] = [];
    await store.ingest(through, { onProgress: ({ doneBytes }) => seen.push(doneBytes) });
    expect(seen[0]).toBeGreaterThan(1_500_000);
    const changed = randomBytes(2_000_000);
    await put("resume.bin", changed);
    await abortedAt(500_000);
    await put("resume.bin", bytes.subarray(0, 2_500_000));
    const artifact = await store.ingest(through);
    expect((await contentOf(artifact, "resume.bin")).equals(bytes.subarray(0, 2_500_000))).toBe(true);
    await proxy.close();
  });

  test("an object that changes while it is read is refused, and never mixed of two versions", async () => {
    await put("moving.bin", randomBytes(3_000_000));
    // The answer stops after its first bytes until the object is another: no fetch can end before.
    const proxy = await stallingProxy(server.endpoint, 200_000);
    let change: Promise<void> | undefined;
    const onProgress = (): void => void (change ??= put("moving.bin", randomBytes(3_000_000)).finally(() => proxy.goOn()));
    const refused = store.ingest(source("moving.bin", { endpoint: proxy.endpoint }), { onProgress });
    await expect(refused).rejects.toMatchObject({ reason: "SOURCE_CHANGED", message: expect.stringContaining("412"), retryable: true });
    await change;
    await proxy.close();
  });

  test("artifacts arrive intact though connections are cut at random", async () => {
    const count = 10;
    const outcome = await fetchUnderCuts({ server, directory: join(folder, "cut"), count, seed: 7 });
    expect(outcome).toMatchObject({ fetched: count, intact: count });
    expect(outcome.cuts).toBeGreaterThan(count / 2);
  });
});
