import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { silentLog } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { scratchBytes } from "./checksum-of.ts";
import { type PreparedCopy, PreparedFolder, preparedKey } from "./prepared-folder.ts";
import { type PreparedInfo, prepareFormat } from "./prepared-info.ts";
import { recordGraph } from "./record-graph.ts";
import { recordedBelowBytes } from "./recorded-graph.ts";

const nowMs = 1_700_000_000_000;
let dir: string;
let isOneFile = false;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "modelyard-prepared-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function folder(maxBytes = 2 ** 30): PreparedFolder {
  return new PreparedFolder({ dir, clock: fakeClock(nowMs), log: silentLog(), maxBytes });
}

async function write(target: string, graph = Buffer.from("graph"), warnings: readonly string[] = []): Promise<void> {
  const info: PreparedInfo = {
    format: prepareFormat,
    files: [{ name: "model.onnx", sizeBytes: graph.length, crc32: crc32(graph) }],
    inputs: [],
    outputs: [],
    edits: [],
    warnings,
    runMicros: 10,
    loadMicros: 10,
    memoryBytes: 0,
    threads: 1,
    nodes: 1,
    rows: { kind: "together", why: "it was not tried" },
  };
  const path = join(target, "model.onnx");
  const record = JSON.stringify(info);
  const recorded = recordGraph(graph, record);
  if (isOneFile && recorded.length < recordedBelowBytes) return writeFile(path, recorded);
  await writeFile(path, graph);
  await writeFile(join(target, "info.json"), record);
}

/** The file whose time is that of the last use. */
function usedFile(key: string): string {
  return join(dir, key.slice(0, 2), key, isOneFile ? "model.onnx" : "info.json");
}

async function age(target: string, ageMs: number): Promise<void> {
  await utimes(target, (nowMs - ageMs) / 1000, (nowMs - ageMs) / 1000);
}

function heldText(copy: PreparedCopy | undefined): string | undefined {
  const bytes = copy?.checkedBytes();
  return bytes && Buffer.from(bytes).toString();
}

const keys = ["a", "b", "c"].map((name) => preparedKey(name, []));

describe("preparedKey()", () => {
  const hex = "0123456789abcdef".repeat(4);

  it("has everything that a copy depends on in plain text", () => {
    expect(preparedKey(`sha256:${hex}`, ["x64-1f3a5c7e9b02", "1.24.0", "5"])).toBe(`${hex}-x64-1f3a5c7e9b02-1.24.0-5`);
  });

  it.each(["", "../../etc", "a\0b", `sha256:${hex}/../x`, `sha256:${hex.toUpperCase()}`, "x".repeat(10_000)])(
    "leaves nothing of %j, which is no digest, in a path",
    (text) => {
      expect(preparedKey(text, ["5"])).toMatch(/^[0-9a-f]{64}-5$/);
    },
  );
});

describe.each([
  ["with their records behind the graphs", true],
  ["with records in files of their own", false],
])("PreparedFolder of copies %s", (_name, form) => {
  beforeEach(() => {
    isOneFile = form;
  });

  it("add() leaves nothing when writing fails", async () => {
    const failing = folder().add("00ff", () => Promise.reject(new Error("the child died")));
    await expect(failing).rejects.toThrow("the child died");
    expect(await readdir(dir)).toEqual([]);
  });

  it("add() replaces whatever stands in the place of a copy", async () => {
    await mkdir(join(dir, "00", "00ff"), { recursive: true });
    await writeFile(join(dir, "00", "00ff", "info.json"), "{");
    const target = folder();
    await target.add("00ff", write);
    expect((await target.find("00ff"))?.sizeBytes).toBe(5);
  });

  it("find() hands over the bytes that it checked, until another copy is checked", async () => {
    const target = folder();
    for (const key of keys) await target.add(key, (dir) => write(dir, Buffer.from(key)));
    const first = await target.find(keys[0] ?? "");
    expect(heldText(first)).toBe(keys[0]);
    const together = await Promise.all(keys.map((key) => target.find(key)));
    expect([first, ...together].map(heldText)).toEqual([undefined, undefined, undefined, keys[2]]);
  });

  it("find() hands over no bytes of a copy that is too large to be kept", async () => {
    await folder().add("00ff", (dir) => write(dir, Buffer.alloc(scratchBytes + 1)));
    const found = await folder().find("00ff");
    expect(found?.sizeBytes).toBe(scratchBytes + 1);
    expect(found?.checkedBytes()).toBeUndefined();
  });

  it("find() reads a record of any length", async () => {
    const warnings = ["ä".repeat(20_000)];
    await folder().add("00ff", (dir) => write(dir, undefined, warnings));
    expect((await folder().find("00ff"))?.info.warnings).toEqual(warnings);
  });

  it("find() counts as a use, ten minutes after the last at the earliest", async () => {
    await folder().add("00ff", write);
    const record = usedFile("00ff");
    const uses: number[] = [];
    for (const ageMs of [540_000, 660_000]) {
      await age(record, ageMs);
      await folder().find("00ff");
      uses.push(nowMs - (await stat(record)).mtimeMs);
    }
    expect(uses).toEqual([540_000, 0]);
  });

  it("sweep() removes the copies used longest ago until the rest fits", async () => {
    const target = folder();
    for (const [index, key] of keys.entries()) {
      await target.add(key, write);
      await age(usedFile(key), (3 - index) * 3_600_000);
    }
    const sizeBytes = isOneFile ? (await stat(usedFile(keys[0] ?? ""))).size : 5;
    await folder(2 * sizeBytes).sweep();
    expect(keys.map((key) => target.peek(key) !== undefined)).toEqual([false, true, true]);
  });

  it("sweep() leaves what was used within the last minute, though it exceeds the limit", async () => {
    const target = folder(1);
    await target.add("00ff", write);
    await age(usedFile("00ff"), 1000);
    await target.sweep();
    expect(target.peek("00ff")).toBeDefined();
  });

  it("sweep() removes what was abandoned half-written an hour ago, and nothing younger", async () => {
    for (const [name, ageMs] of [
      ["tmp-old", 3_700_000],
      ["tmp-young", 60_000],
    ] as const) {
      await mkdir(join(dir, name));
      await age(join(dir, name), ageMs);
    }
    await folder().sweep();
    expect(await readdir(dir)).toEqual(["tmp-young"]);
  });
});
