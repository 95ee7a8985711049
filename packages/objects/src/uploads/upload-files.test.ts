import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fakeClock } from "@modelyard/core/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UploadFiles } from "./upload-files.ts";

const id = "0123456789abcdef01234567";
const clock = fakeClock();
let directory: string;
let files: UploadFiles;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "upload-files-"));
  files = new UploadFiles({ directory, clock, maxAgeMs: 1_000 });
});

afterEach(() => rm(directory, { recursive: true, force: true }));

async function append(text: string): Promise<void> {
  const file = await files.openBytes(id);
  await file.appendFile(text);
  await files.settle(file, id, (await file.stat()).size);
}

describe("UploadFiles", () => {
  test("give an upload as far as its bytes go, as long after the last of them as it may get old", async () => {
    await files.create(id, { lengthBytes: 6, name: "b.onnx", metadata: "m" });
    await append("abc");
    await clock.advance(500);
    await append("d");
    const expiresAtMs = clock.nowMs() + 1_000;
    expect(await files.read(id)).toEqual({ id, lengthBytes: 6, name: "b.onnx", metadata: "m", offsetBytes: 4, expiresAtMs });
    expect((await files.hash(id)).digest("hex")).toBe("88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589");
  });

  test("take no second upload of the same id", async () => {
    await files.create(id, { lengthBytes: 1, name: "a" });
    await expect(files.create(id, { lengthBytes: 2, name: "b" })).rejects.toMatchObject({ code: "EEXIST" });
    expect(await files.read(id)).toMatchObject({ name: "a" });
  });

  test("of which a kill left the bytes alone are no upload, but can be dropped", async () => {
    await writeFile(join(directory, `${id}.bytes`), "abc");
    expect([await files.ids(), await files.read(id)]).toEqual([[id], undefined]);
    await files.drop(id);
    expect(await files.ids()).toEqual([]);
  });

  test("leave nothing when they are dropped, and other files alone", async () => {
    await files.create(id, { lengthBytes: 1, name: "a" });
    await writeFile(join(directory, `${id}.json.new`), "{");
    await writeFile(join(directory, "notes.json"), "{}");
    expect(await files.ids()).toEqual([id]);
    await files.drop(id);
    await files.drop(id);
    expect(await readdir(directory)).toEqual(["notes.json"]);
  });

  test("with a record that is none are no upload, nor is what is no id", async () => {
    await files.create(id, { lengthBytes: 1, name: "a" });
    await writeFile(join(directory, `${id}.json`), '{"name":7}');
    expect([await files.read(id), await files.read("../secret")]).toEqual([undefined, undefined]);
  });
});
