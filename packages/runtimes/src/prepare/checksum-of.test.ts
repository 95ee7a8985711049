import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checksumOf, scratchBytes } from "./checksum-of.ts";

let dir = "";

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "modelyard-checksum-"));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

describe("checksumOf", () => {
  it.each([0, 1, scratchBytes, scratchBytes + 1, 2 ** 20, 2 ** 20 + 1])("gives size and CRC-32 of %i bytes", async (sizeBytes) => {
    const bytes = new Uint8Array(sizeBytes).map((_, index) => (index * 7919) % 251);
    const path = join(dir, `${sizeBytes}`);
    await writeFile(path, bytes);
    expect(await checksumOf(path)).toEqual({ sizeBytes, crc32: crc32(bytes) });
  });

  it("lets one scratch serve many files at once", async () => {
    const scratch = new Uint8Array(16);
    const contents = Array.from({ length: 8 }, (_, index) => new Uint8Array(100 + index).fill(index));
    const paths = contents.map((_, index) => join(dir, `shared-${index}`));
    await Promise.all(paths.map((path, index) => writeFile(path, contents[index] ?? "")));
    const checksums = await Promise.all(paths.map((path) => checksumOf(path, scratch)));
    expect(checksums).toEqual(contents.map((bytes) => ({ sizeBytes: bytes.length, crc32: crc32(bytes) })));
  });

  it("rejects where there is no file", async () => {
    await expect(checksumOf(join(dir, "missing"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});
