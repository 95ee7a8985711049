import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom, silentLog, systemClock, systemRandom } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openArtifactStore } from "./artifact-store.ts";
import type { ArtifactStore } from "./contract.ts";
import { openLocalArtifacts } from "./local-artifacts.ts";
import { artifactStoreContract } from "./testing/artifact-store-contract.ts";

artifactStoreContract("a folder", async () => openIn);

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

function openIn(directory: string): Promise<ArtifactStore> {
  return openArtifactStore({ directory, clock: systemClock(), log: silentLog(), random: systemRandom() });
}

function open(): Promise<ArtifactStore> {
  return openIn(join(folder, "objects"));
}

async function source(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, bytes);
  return path;
}

describe("ingest() of local files", () => {
  test("stores the same bytes once", async () => {
    await store.ingest({ kind: "file", path: await source("one", "same") });
    await store.ingest({ kind: "file", path: await source("two", "same") });
    expect(await readdir(join(folder, "objects", "blobs"))).toHaveLength(1);
    expect(await store.list()).toHaveLength(2);
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
});

describe("open()", () => {
  test("gives local paths with the bytes that were stored", async () => {
    const { digest } = await store.ingest({ kind: "file", path: await source("model", "bytes") });
    const local = openLocalArtifacts({ directory: join(folder, "objects"), clock: systemClock(), random: systemRandom() });
    const opened = await local.open(digest);
    const [file] = opened.artifact.files;
    expect(file && (await readFile(opened.pathOf(file), "utf8"))).toBe("bytes");
    await opened.close();
    await local.close();
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
