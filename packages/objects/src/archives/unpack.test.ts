import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { silentLog, systemClock, systemRandom } from "@modelyard/core";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openArtifactStore } from "../artifact-store.ts";
import type { Artifact, ArtifactStore, IngestOptions } from "../contract.ts";
import { tarOf } from "../testing/tar-bytes.ts";
import { zipOf } from "../testing/zip-bytes.ts";

let folder: string;
let store: ArtifactStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "unpack-"));
  store = await openArtifactStore({ directory: join(folder, "objects"), clock: systemClock(), log: silentLog(), random: systemRandom() });
});

afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function ingest(name: string, bytes: Uint8Array, options: IngestOptions = {}): Promise<Artifact> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return store.ingest({ kind: "file", path }, options);
}

const pathsOf = (artifact: Artifact): readonly string[] => artifact.files.map((file) => file.path);

/** Programs that write archives, and none of which is ours. `$OUT` is the archive, `$TREE` the folder whose content goes in. */
const writers: readonly (readonly [string, string])[] = [
  ["GNU tar, gnu form", 'tar --format=gnu -C "$TREE" -cf "$OUT" .'],
  ["GNU tar, pax form", 'tar --format=pax -C "$TREE" -cf "$OUT" .'],
  ["GNU tar with gzip", 'tar -C "$TREE" -czf "$OUT" .'],
  ["GNU tar with zstd", 'tar -C "$TREE" -cf - . | zstd -q -o "$OUT"'],
  ["Python's zipfile", 'python3 -m zipfile -c "$OUT" "$TREE"/*'],
  ["Python's tarfile", 'cd "$TREE" && python3 -m tarfile -c "$OUT" *'],
  ["Info-ZIP", 'cd "$TREE" && zip -q -r "$OUT" .'],
  ["Info-ZIP to a pipe", 'cd "$TREE" && zip -q -r - . > "$OUT"'],
];

const tree = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}(\/[a-z0-9_é]{1,90}){1,3}$/), fc.uint8Array({ maxLength: 3_000 }), {
  minKeys: 1,
  maxKeys: 8,
  noNullPrototype: true,
});

function hasProgram(command: string): boolean {
  try {
    execFileSync("sh", [
      "-c",
      `command -v ${/\b(tar|python3|zip)\b/.exec(command)?.[1]}${command.includes("zstd") ? " && command -v zstd" : ""}`,
    ]);
    return true;
  } catch {
    // Not on this machine.
    return false;
  }
}

describe("ingest() of an archive", () => {
  test.each(writers)("gives the same artifact as the folder itself, written by %s", async (writer, command) => {
    if (!hasProgram(command)) return expect.soft(true, `${writer} is not here: skipped`).toBe(true);
    let count = 0;
    await fc.assert(
      fc.asyncProperty(tree, async (files) => {
        const at = join(folder, `tree-${count++}`);
        // A name that is also a folder of another cannot be made.
        const names = Object.keys(files).filter((name, _, all) => !all.some((other) => other.startsWith(`${name}/`)));
        for (const name of names) {
          await mkdir(dirname(join(at, name)), { recursive: true });
          await writeFile(join(at, name), files[name] ?? new Uint8Array());
        }
        execFileSync("sh", ["-c", command], { env: { ...process.env, TREE: at, OUT: `${at}.archive` } });
        const packed = await store.ingest({ kind: "file", path: `${at}.archive` }, { unpack: "always" });
        expect(packed.digest).toBe((await store.ingest({ kind: "file", path: at }, { unpack: "never" })).digest);
      }),
      { numRuns: 8, endOnFailure: true },
    );
  });

  test("unpacks by content, whatever the name, and keeps a single top folder", async () => {
    const artifact = await ingest("model", tarOf({ name: "digits/", type: "5" }, { name: "digits/1/model.onnx", content: "weights" }));
    expect(pathsOf(artifact)).toEqual(["digits/1/model.onnx"]);
  });

  test("keeps nothing of the archive itself", async () => {
    await ingest(
      "model.zip",
      zipOf([
        { name: "a", content: "one" },
        { name: "b", content: "two" },
      ]),
    );
    expect(await readdir(join(folder, "objects", "blobs"))).toHaveLength(2);
    expect(await readdir(join(folder, "objects", "partial"))).toEqual([]);
  });

  test("keeps the archive when it is an artifact of its own", async () => {
    const bytes = zipOf([{ name: "a" }]);
    const whole = await ingest("model.zip", bytes, { unpack: "never" });
    await ingest("model.zip", bytes);
    expect(await store.find(whole.digest)).toEqual(whole);
  });

  test("accepts the digest of the archive as the one that is expected", async () => {
    const bytes = zipOf([{ name: "a" }]);
    const [file] = (await ingest("model.zip", bytes, { unpack: "never" })).files;
    const artifact = await ingest("model.zip", bytes, { expectedDigest: file?.digest ?? "" });
    expect(pathsOf(artifact)).toEqual(["a"]);
  });

  test("makes copies of what links inside the archive lead to", async () => {
    const artifact = await ingest(
      "model.tar",
      tarOf(
        { name: "b/real", content: "weights" },
        { name: "hard", type: "1", link: "b/real" },
        { name: "b/soft", type: "2", link: "../b/real" },
      ),
    );
    expect(pathsOf(artifact)).toEqual(["b/real", "b/soft", "hard"]);
    expect(new Set(artifact.files.map((file) => file.digest)).size).toBe(1);
  });

  test("leaves setuid bits and owners behind", async () => {
    const artifact = await ingest("model.tar", tarOf({ name: "a", content: "weights", mode: "0006755" }));
    const [file] = artifact.files;
    const opened = await store.open(artifact.digest);
    expect(await readFile(opened.pathOf(file ?? { path: "", digest: "", sizeBytes: 0 }), "utf8")).toBe("weights");
    await opened.close();
  });

  test.each([
    ["TorchScript by its ending", "model.pt", [{ name: "model/data.pkl" }, { name: "model/version" }]],
    ["TorchScript by its members", "_model", [{ name: "model/data.pkl" }, { name: "model/version" }]],
    ["Keras by its members", "model.zip", [{ name: "config.json" }, { name: "metadata.json" }, { name: "model.weights.h5" }]],
    ["MAR by its members", "model", [{ name: "MAR-INF/MANIFEST.json" }, { name: "model.py" }]],
    ["NumPy by its members", "weights", [{ name: "a.npy" }, { name: "b.npy" }]],
  ])("leaves a model that is a zip by itself as it is: %s", async (_, name, parts) => {
    expect(pathsOf(await ingest(name, zipOf(parts)))).toEqual([name]);
  });

  test("unpacks such a model when it is told to", async () => {
    expect(pathsOf(await ingest("model.pt", zipOf([{ name: "m/data.pkl" }, { name: "m/version" }]), { unpack: "always" }))).toHaveLength(2);
  });

  test("refuses what is no archive when it is told to unpack", async () => {
    await expect(ingest("model.tar.gz", Buffer.from("weights"), { unpack: "always" })).rejects.toMatchObject({ reason: "ARCHIVE_DAMAGED" });
  });

  test("leaves archives inside an archive as files", async () => {
    const artifact = await ingest("model.tar", tarOf({ name: "inner.zip", content: zipOf([{ name: "a" }]) }));
    expect(pathsOf(artifact)).toEqual(["inner.zip"]);
  });

  test("ends with the signal and leaves nothing behind", async () => {
    const stop = new AbortController();
    const options: IngestOptions = {
      signal: stop.signal,
      onProgress: ({ stage }) => stage === "verify" && stop.abort(new Error("stopped")),
    };
    await expect(ingest("model.tar", tarOf({ name: "a" }, { name: "b", content: "x" }), options)).rejects.toThrow("stopped");
    expect(await readdir(join(folder, "objects", "partial"))).toEqual([]);
    expect(await readdir(join(folder, "objects", "blobs"))).toEqual([]);
  });
});
