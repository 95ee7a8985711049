import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom, silentLog, systemClock, systemRandom } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openArtifactStore } from "./artifact-store.ts";
import type { ArtifactStore, FetchProgress } from "./contract.ts";
import { openLocalArtifacts } from "./local-artifacts.ts";

let folder: string;
let store: ArtifactStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "objects-"));
  store = await open();
});

afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

function open(): Promise<ArtifactStore> {
  return openArtifactStore({ directory: join(folder, "objects"), clock: systemClock(), log: silentLog(), random: systemRandom() });
}

async function source(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, bytes);
  return path;
}

describe("ingest() of local files", () => {
  test("stores a file under the sha256 of its bytes and keeps its name", async () => {
    const artifact = await store.ingest({ kind: "file", path: await source("digits.onnx", "weights") });
    const digest = `sha256:${createHash("sha256").update("weights").digest("hex")}`;
    expect(artifact.files).toEqual([{ path: "digits.onnx", digest, sizeBytes: 7 }]);
    expect(artifact.totalBytes).toBe(7);
  });

  test("takes a folder with everything below it, in an order that does not change its digest", async () => {
    await source("tree/b/two.bin", "2");
    await source("tree/a.bin", "1");
    await source("copy/a.bin", "1");
    await source("copy/b/two.bin", "2");
    const tree = await store.ingest({ kind: "file", path: join(folder, "tree") });
    const copy = await store.ingest({ kind: "file", path: join(folder, "copy") });
    expect(tree.files.map((file) => file.path)).toEqual(["a.bin", "b/two.bin"]);
    expect(copy.digest).toBe(tree.digest);
  });

  test("stores the same bytes once", async () => {
    await store.ingest({ kind: "file", path: await source("one", "same") });
    await store.ingest({ kind: "file", path: await source("two", "same") });
    expect(await readdir(join(folder, "objects", "blobs"))).toHaveLength(1);
    expect(await store.list()).toHaveLength(2);
  });

  test("reports progress up to the whole size, then verification", async () => {
    const seen: FetchProgress[] = [];
    await store.ingest(
      { kind: "file", path: await source("big", randomBytes(3_000_000)) },
      { onProgress: (progress) => seen.push(progress) },
    );
    expect(seen.at(0)?.stage).toBe("fetch");
    expect(seen.at(-2)).toEqual({ stage: "fetch", doneBytes: 3_000_000, totalBytes: 3_000_000 });
    expect(seen.at(-1)).toEqual({ stage: "verify", doneBytes: 3_000_000, totalBytes: 3_000_000 });
  });

  test("names a path that is not there", async () => {
    await expect(store.ingest({ kind: "file", path: join(folder, "absent") })).rejects.toMatchObject({ reason: "SOURCE_NOT_FOUND" });
  });

  test("refuses a folder with a link that leads out of it, and stores nothing", async () => {
    await source("secret", "s");
    await source("tree/model", "m");
    await symlink(join(folder, "secret"), join(folder, "tree", "link"));
    await expect(store.ingest({ kind: "file", path: join(folder, "tree") })).rejects.toMatchObject({ reason: "SOURCE_REFUSED" });
    expect(await store.list()).toEqual([]);
  });

  test("refuses an empty folder", async () => {
    await mkdir(join(folder, "empty"));
    await expect(store.ingest({ kind: "file", path: join(folder, "empty") })).rejects.toMatchObject({ reason: "SOURCE_REFUSED" });
  });

  test("keeps nothing when the digest is not the one expected, and accepts the one of the single file", async () => {
    const path = await source("model", "m");
    const wrong = `sha256:${"0".repeat(64)}`;
    await expect(store.ingest({ kind: "file", path }, { expectedDigest: wrong })).rejects.toMatchObject({
      reason: "ARTIFACT_DIGEST_MISMATCH",
    });
    expect(await store.list()).toEqual([]);
    const digest = `sha256:${createHash("sha256").update("m").digest("hex")}`;
    expect((await store.ingest({ kind: "file", path }, { expectedDigest: digest })).files[0]?.digest).toBe(digest);
  });

  test("stops when its signal aborts", async () => {
    const path = await source("big", randomBytes(4_000_000));
    const stop = new AbortController();
    await expect(store.ingest({ kind: "file", path }, { signal: stop.signal, onProgress: () => stop.abort() })).rejects.toThrow();
    expect(await store.list()).toEqual([]);
  });
});

describe("open()", () => {
  test("gives local paths with the bytes that were stored", async () => {
    const { digest } = await store.ingest({ kind: "file", path: await source("model", "bytes") });
    const local = openLocalArtifacts({ directory: join(folder, "objects"), random: systemRandom() });
    const opened = await local.open(digest);
    const [file] = opened.artifact.files;
    expect(file && (await readFile(opened.pathOf(file), "utf8"))).toBe("bytes");
    await opened.close();
    await local.close();
  });

  test("says when an artifact is not there", async () => {
    await expect(store.open(`sha256:${"0".repeat(64)}`)).rejects.toMatchObject({ reason: "ARTIFACT_NOT_FOUND" });
    await expect(store.open("../../etc/passwd")).rejects.toMatchObject({ reason: "ARTIFACT_NOT_FOUND" });
  });

  test("refuses a damaged file, and taking the source in again repairs it", async () => {
    const path = await source("model", "bytes");
    const { digest, files } = await store.ingest({ kind: "file", path });
    const blob = join(folder, "objects", "blobs", files[0]?.digest.slice(7) ?? "");
    await truncate(blob, 2);
    await expect(store.open(digest)).rejects.toMatchObject({ reason: "ARTIFACT_DAMAGED" });
    await store.ingest({ kind: "file", path });
    await (await store.open(digest)).close();
  });

  test("does not find what is damaged, so that whoever asks takes it in again", async () => {
    const path = await source("model", "bytes");
    const { digest, files } = await store.ingest({ kind: "file", path });
    await rm(join(folder, "objects", "blobs", files[0]?.digest.slice(7) ?? ""), { force: true });
    expect(await store.find(digest)).toBeUndefined();
    await store.ingest({ kind: "file", path });
    expect(await store.find(digest)).toMatchObject({ digest });
  });

  test("neither finds nor lists what has a damaged manifest, and repairs it though its length is right", async () => {
    const path = await source("model", "bytes");
    const { digest } = await store.ingest({ kind: "file", path });
    const manifest = join(folder, "objects", "artifacts", `${digest.slice(7)}.json`);
    await writeFile(manifest, "x".repeat((await stat(manifest)).size));
    expect([await store.find(digest), await store.list()]).toEqual([undefined, []]);
    await store.ingest({ kind: "file", path });
    await (await store.open(digest)).close();
  });
});

describe("collectGarbage()", () => {
  const nothing = (): boolean => false;

  test("removes what nothing refers to and keeps what is referred to", async () => {
    const kept = await store.ingest({ kind: "file", path: await source("kept", "kept") });
    const gone = await store.ingest({ kind: "file", path: await source("gone", "gone!") });
    const report = await store.collectGarbage((digest) => digest === kept.digest, { minAgeMs: 0 });
    expect(report).toEqual({ removedArtifacts: 1, removedBytes: 5, keptArtifacts: 1 });
    expect(await store.find(gone.digest)).toBeUndefined();
    await (await store.open(kept.digest)).close();
  });

  test("keeps bytes that another artifact shares", async () => {
    const kept = await store.ingest({ kind: "file", path: await source("kept", "shared") });
    await store.ingest({ kind: "file", path: await source("gone", "shared") });
    await store.collectGarbage((digest) => digest === kept.digest, { minAgeMs: 0 });
    await (await store.open(kept.digest)).close();
  });

  test("leaves an artifact that is open, until it is closed", async () => {
    const { digest } = await store.ingest({ kind: "file", path: await source("model", "m") });
    const opened = await store.open(digest);
    expect((await store.collectGarbage(nothing, { minAgeMs: 0 })).removedArtifacts).toBe(0);
    await opened.close();
    expect((await store.collectGarbage(nothing, { minAgeMs: 0 })).removedArtifacts).toBe(1);
  });

  test("leaves what is younger than the minimum age, and what was taken in again", async () => {
    const clock = fakeClock(Date.now());
    await store.close();
    store = await openArtifactStore({ directory: join(folder, "objects"), clock, log: silentLog(), random: seededRandom(1) });
    const path = await source("model", "m");
    const { digest } = await store.ingest({ kind: "file", path });
    const { files } = (await store.find(digest)) ?? { files: [] };
    const old = new Date(clock.nowMs() - 3_600_000);
    await utimes(join(folder, "objects", "artifacts", `${digest.slice(7)}.json`), old, old);
    await utimes(join(folder, "objects", "blobs", files[0]?.digest.slice(7) ?? ""), old, old);
    await store.ingest({ kind: "file", path });
    expect((await store.collectGarbage(nothing)).removedArtifacts).toBe(0);
    await clock.advance(3_600_000);
    expect((await store.collectGarbage(nothing)).removedArtifacts).toBe(1);
  });

  test("does not take away what comes in again at the same time", async () => {
    const path = await source("again", "again");
    const { digest, files } = await store.ingest({ kind: "file", path });
    const stored = [join("artifacts", `${digest.slice(7)}.json`), join("blobs", files[0]?.digest.slice(7) ?? "")];
    for (let round = 0; round < 100; round++) {
      for (const name of stored) await utimes(join(folder, "objects", name), 1, 1);
      await Promise.all([store.ingest({ kind: "file", path }), store.collectGarbage(nothing), store.collectGarbage(nothing)]);
      expect(await store.find(digest)).toBeDefined();
    }
  });

  test("forgets markers of a process that has ended", async () => {
    const { digest } = await store.ingest({ kind: "file", path: await source("model", "m") });
    const marker = join(folder, "objects", "open", "999999999_1_boot_aa");
    await mkdir(marker);
    await writeFile(join(marker, `${digest.slice(7)}.0`), "");
    expect((await store.collectGarbage(nothing, { minAgeMs: 0 })).removedArtifacts).toBe(1);
    expect(await readdir(join(folder, "objects", "open"))).not.toContain("999999999_1_boot_aa");
  });
});

describe("a kill at any moment", () => {
  test("leaves every artifact that was acknowledged complete, and no half one", { timeout: 60_000 }, async () => {
    await store.close();
    for (let n = 0; n < 30; n++) await source(`models/m${n}/model`, randomBytes(200_000));
    const acknowledged: string[] = [];
    for (let round = 0; round < 8; round++) acknowledged.push(...(await ingestUntilKilled(20 + round * 17)));
    store = await open();
    const stored = await store.list();
    for (const artifact of stored) await (await store.open(artifact.digest)).close();
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(stored.map((artifact) => artifact.digest)).toEqual(expect.arrayContaining(acknowledged));
    expect(await readdir(join(folder, "objects", "partial"))).toEqual([]);
  });

  /** A child takes sources in and prints each digest; it is killed this long after its first one. */
  async function ingestUntilKilled(afterMs: number): Promise<readonly string[]> {
    const program = join(import.meta.dirname, "testing", "ingest-child.ts");
    const child = spawn(process.execPath, ["--conditions=modelyard-source", program, join(folder, "objects"), join(folder, "models")]);
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      if (output === "") systemClock().setTimer(afterMs, () => child.kill("SIGKILL"));
      output += chunk.toString();
    });
    await once(child, "close");
    return output.split("\n").slice(0, -1);
  }
});
