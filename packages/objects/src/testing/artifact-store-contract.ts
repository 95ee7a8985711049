/** What holds for every driver of the artifact store: the same tests run on a folder, and on a bucket with a folder as its cache. */
import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ArtifactStore, FetchProgress } from "../contract.ts";

/** Opens an empty store over a folder; in the course of a test, the same one again. */
export type OpenStore = (directory: string) => Promise<ArtifactStore>;

/** Runs the suite. `makeOpen` is called for each test. */
export function artifactStoreContract(name: string, makeOpen: () => Promise<OpenStore>): void {
  describe(`the contract of the artifact store, on ${name}`, () => {
    let folder: string;
    let open: () => Promise<ArtifactStore>;
    let store: ArtifactStore;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "artifact-store-"));
      const openIn = await makeOpen();
      open = () => openIn(join(folder, "objects"));
      store = await open();
    });

    afterEach(async () => {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    });

    async function source(path: string, bytes: Uint8Array | string): Promise<{ readonly kind: "file"; readonly path: string }> {
      const place = join(folder, path);
      await mkdir(join(place, ".."), { recursive: true });
      await writeFile(place, bytes);
      return { kind: "file", path: place };
    }

    async function contentOf(digest: string): Promise<Readonly<Record<string, string>>> {
      const opened = await store.open(digest);
      const files = opened.artifact.files.map(async (file) => [file.path, await readFile(opened.pathOf(file), "utf8")] as const);
      const content = Object.fromEntries(await Promise.all(files));
      await opened.close();
      return content;
    }

    const nothing = (): boolean => false;

    test("stores a file under the sha256 of its bytes and keeps its name", async () => {
      const artifact = await store.ingest(await source("digits.onnx", "weights"));
      const digest = `sha256:${createHash("sha256").update("weights").digest("hex")}`;
      expect(artifact).toMatchObject({ files: [{ path: "digits.onnx", digest, sizeBytes: 7 }], totalBytes: 7 });
      expect(await contentOf(artifact.digest)).toEqual({ "digits.onnx": "weights" });
    });

    test("takes a folder with everything below it, in an order that does not change its digest, and lists it", async () => {
      await source("tree/b/two.bin", "2");
      await source("tree/a.bin", "1");
      await source("tree/empty", "");
      await source("copy/a.bin", "1");
      await source("copy/empty", "");
      await source("copy/b/two.bin", "2");
      const tree = await store.ingest({ kind: "file", path: join(folder, "tree") });
      const copy = await store.ingest({ kind: "file", path: join(folder, "copy") });
      expect(copy.digest).toBe(tree.digest);
      expect(await contentOf(tree.digest)).toEqual({ "a.bin": "1", "b/two.bin": "2", empty: "" });
      expect(await store.list()).toEqual([tree]);
      expect(await store.find(tree.digest)).toEqual(tree);
    });

    test("keeps artifacts while it is closed", async () => {
      const { digest } = await store.ingest(await source("model", "m"));
      await store.close();
      store = await open();
      expect((await store.list()).map((artifact) => artifact.digest)).toEqual([digest]);
      expect(await contentOf(digest)).toEqual({ model: "m" });
    });

    test("reports progress up to the whole size, then verification", async () => {
      const seen: FetchProgress[] = [];
      await store.ingest(await source("big", randomBytes(3_000_000)), { onProgress: (progress) => seen.push(progress) });
      expect(seen.at(0)?.stage).toBe("fetch");
      expect(seen.at(-2)).toEqual({ stage: "fetch", doneBytes: 3_000_000, totalBytes: 3_000_000 });
      expect(seen.at(-1)).toEqual({ stage: "verify", doneBytes: 3_000_000, totalBytes: 3_000_000 });
    });

    test("stores nothing of what is absent, empty, leads out of its folder or has another digest", async () => {
      await source("secret", "s");
      await source("tree/model", "m");
      await symlink(join(folder, "secret"), join(folder, "tree", "link"));
      await mkdir(join(folder, "empty"));
      for (const [name, reason] of [
        ["absent", "SOURCE_NOT_FOUND"],
        ["tree", "SOURCE_REFUSED"],
        ["empty", "SOURCE_REFUSED"],
      ] as const)
        await expect(store.ingest({ kind: "file", path: join(folder, name) })).rejects.toMatchObject({ reason });
      const expectedDigest = `sha256:${"0".repeat(64)}`;
      await expect(store.ingest(await source("model", "m"), { expectedDigest })).rejects.toMatchObject({
        reason: "ARTIFACT_DIGEST_MISMATCH",
      });
      expect(await store.list()).toEqual([]);
    });

    test("stops when its signal aborts", async () => {
      const stop = new AbortController();
      const big = await source("big", randomBytes(4_000_000));
      await expect(store.ingest(big, { signal: stop.signal, onProgress: () => stop.abort() })).rejects.toThrow();
      expect(await store.list()).toEqual([]);
    });

    test("says when an artifact is not there", async () => {
      for (const digest of [`sha256:${"0".repeat(64)}`, "../../etc/passwd"]) {
        await expect(store.open(digest)).rejects.toMatchObject({ reason: "ARTIFACT_NOT_FOUND" });
        expect(await store.find(digest)).toBeUndefined();
      }
    });

    test("makes an upload an artifact", async () => {
      const { id } = await store.uploads.create({ lengthBytes: 5, name: "m.onnx" });
      await store.uploads.append(id, { offsetBytes: 0, chunks: toChunks("bytes") });
      const { digest } = await store.ingest({ kind: "upload", id });
      expect(await contentOf(digest)).toEqual({ "m.onnx": "bytes" });
    });

    test("collects what nothing refers to and keeps what is referred to", async () => {
      const kept = await store.ingest(await source("kept", "kept"));
      const gone = await store.ingest(await source("gone", "gone!"));
      const report = await store.collectGarbage((digest) => digest === kept.digest, { minAgeMs: 0 });
      expect(report).toEqual({ removedArtifacts: 1, removedBytes: 5, keptArtifacts: 1 });
      expect([await store.find(gone.digest), await store.list()]).toEqual([undefined, [kept]]);
      expect(await contentOf(kept.digest)).toEqual({ kept: "kept" });
    });

    test("keeps bytes that another artifact shares", async () => {
      const kept = await store.ingest(await source("kept", "shared"));
      await store.ingest(await source("gone", "shared"));
      await store.collectGarbage((digest) => digest === kept.digest, { minAgeMs: 0 });
      expect(await contentOf(kept.digest)).toEqual({ kept: "shared" });
    });

    test("leaves an artifact that is open, until it is closed", async () => {
      const { digest } = await store.ingest(await source("model", "m"));
      const opened = await store.open(digest);
      expect((await store.collectGarbage(nothing, { minAgeMs: 0 })).removedArtifacts).toBe(0);
      expect(await store.find(digest)).toMatchObject({ digest });
      await opened.close();
      expect((await store.collectGarbage(nothing, { minAgeMs: 0 })).removedArtifacts).toBe(1);
    });

    test("leaves what is young, and takes in again what was collected", async () => {
      const model = await source("model", "m");
      const { digest } = await store.ingest(model);
      expect((await store.collectGarbage(nothing)).removedArtifacts).toBe(0);
      expect((await store.collectGarbage(nothing, { minAgeMs: 0 })).removedArtifacts).toBe(1);
      await store.ingest(model);
      expect(await contentOf(digest)).toEqual({ model: "m" });
    });

    test("does not take away what comes in again at the same time", async () => {
      const again = await source("again", "again");
      const { digest } = await store.ingest(again);
      for (let round = 0; round < 5; round++) {
        await Promise.all([store.ingest(again), store.collectGarbage(nothing), store.collectGarbage(nothing)]);
        expect(await contentOf(digest)).toEqual({ again: "again" });
      }
    });
  });
}

async function* toChunks(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
