import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { UploadLimits } from "./upload-contract.ts";
import { UploadFolder } from "./upload-folder.ts";

let directory: string;
const clock = fakeClock();
const limits: UploadLimits = { maxBytes: 100, maxTotalBytes: 150, maxCount: 3, maxAgeMs: 1_000 };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "uploads-"));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

let seed = 0;
const open = (): Promise<UploadFolder> => UploadFolder.open({ directory, clock, random: seededRandom(++seed), limits });

async function* chunksOf(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function* broken(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
  throw new Error("connection lost");
}

describe("uploads of a folder", () => {
  test("keep what arrived before a piece broke off, and hash the whole across a reopening", async () => {
    const first = await open();
    const { id } = await first.create({ lengthBytes: 6, name: "a/b.onnx" });
    await expect(first.append(id, { offsetBytes: 0, chunks: broken("abc") })).rejects.toThrow("connection lost");
    const second = await open();
    expect(await second.get(id)).toMatchObject({ offsetBytes: 3, name: "b.onnx" });
    const whole = await second.append(id, { offsetBytes: 3, chunks: chunksOf("de", "f") });
    expect(whole.digest).toBe("sha256:bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721");
  });

  test("are limited by size, by number and by all their bytes", async () => {
    const uploads = await open();
    await expect(uploads.create({ lengthBytes: 101 })).rejects.toMatchObject({ reason: "UPLOAD_TOO_LARGE" });
    await uploads.create({ lengthBytes: 100 });
    await expect(uploads.create({ lengthBytes: 51 })).rejects.toMatchObject({ reason: "UPLOAD_LIMIT_REACHED" });
    const two = await Promise.allSettled([1, 2, 3].map(() => uploads.create({ lengthBytes: 1 })));
    expect(two.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
  });

  test("expire after their last byte, and leave nothing", async () => {
    const uploads = await open();
    const { id } = await uploads.create({ lengthBytes: 2 });
    await clock.advance(900);
    await uploads.append(id, { offsetBytes: 0, chunks: chunksOf("a") });
    await clock.advance(900);
    expect((await uploads.get(id)).offsetBytes).toBe(1);
    await clock.advance(200);
    await expect(uploads.get(id)).rejects.toMatchObject({ reason: "UPLOAD_NOT_FOUND" });
    await uploads.sweep();
    expect(await readdir(directory)).toEqual([]);
  });
});
