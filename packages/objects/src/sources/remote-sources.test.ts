import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog, systemClock, systemRandom } from "@modelyard/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openArtifactStore } from "../artifact-store.ts";
import type { Artifact, ArtifactSource, ArtifactStore } from "../contract.ts";
import { SecretText } from "../secret-text.ts";
import { parseArtifactSource } from "../source.ts";
import { azureServer } from "../testing/azure-server.ts";
import { googleServer } from "../testing/google-server.ts";
import { hubServer } from "../testing/hub-server.ts";
import type { SourceSettings } from "./source-settings.ts";

const weights = randomBytes(200_000);
const tree = new Map([
  ["dir/", Buffer.alloc(0)],
  ["dir/config.json", Buffer.from("{}")],
  ["dir/1/model.onnx", weights],
  ["dir/1/empty", Buffer.alloc(0)],
  ["dir/a & b <c>.txt", Buffer.from("x")],
  ["directory", Buffer.from("beside")],
]);
const paths = ["1/empty", "1/model.onnx", "a & b <c>.txt", "config.json"];

let folder: string;
const stores: ArtifactStore[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "objects-remote-"));
});

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function ingest(source: ArtifactSource | string, sources: SourceSettings): Promise<Artifact> {
  const store = await openArtifactStore({
    directory: join(folder, "objects"),
    clock: systemClock(),
    log: silentLog(),
    random: systemRandom(),
    sources,
  });
  stores.push(store);
  return store.ingest(typeof source === "string" ? parseArtifactSource(source) : source);
}

async function contentOf(artifact: Artifact, path: string): Promise<Buffer> {
  const opened = await stores.at(-1)?.open(artifact.digest);
  const file = artifact.files.find((one) => one.path === path);
  const bytes = opened && file ? await readFile(opened.pathOf(file)) : Buffer.alloc(0);
  await opened?.close();
  return bytes;
}

function pathsOf(artifact: Artifact): readonly string[] {
  return artifact.files.map((file) => file.path);
}

describe("gs://", () => {
  test("takes everything below a prefix, page by page, and goes on where a body was cut", async () => {
    const server = await googleServer({ objects: tree, cutFirstAfter: 50_000 });
    const artifact = await ingest("gs://models/dir", { googleEndpoint: server.endpoint });
    expect(pathsOf(artifact)).toEqual(paths);
    expect(await contentOf(artifact, "1/model.onnx")).toEqual(weights);
    await server.close();
  });

  test("takes a single object under its last name", async () => {
    const server = await googleServer({ objects: tree });
    expect(pathsOf(await ingest("gs://models/dir/config.json", { googleEndpoint: server.endpoint }))).toEqual(["config.json"]);
    await server.close();
  });

  test("signs in as a service account, and says what is wrong with a key without showing it", async () => {
    const server = await googleServer({ objects: tree, isPrivate: true });
    const { tokenUri, endpoint } = server;
    const as = (privateKey: string): ArtifactSource => ({
      kind: "gcs",
      bucket: "models",
      path: "dir",
      credentials: { clientEmail: "reader@project", privateKey: new SecretText(privateKey), tokenUri },
    });
    const settings = { googleEndpoint: endpoint };
    expect(pathsOf(await ingest(as(server.privateKey), settings))).toEqual(paths);
    expect(server.accepted).toMatchObject([{ iss: "reader@project", aud: tokenUri }]);
    await expect(ingest(as("hunter2"), settings)).rejects.toMatchObject({
      reason: "SOURCE_REFUSED",
      message: expect.not.stringContaining("hunter2"),
    });
    await expect(ingest("gs://models/dir", settings)).rejects.toMatchObject({ reason: "SOURCE_REFUSED" });
    await server.close();
  });
});

describe("az://", () => {
  const key = randomBytes(64).toString("base64");

  test("takes everything below a prefix with requests signed by the account's key", async () => {
    const server = await azureServer({ blobs: tree, key });
    const source = {
      kind: "azure",
      account: "account",
      container: "models",
      path: "dir",
      credentials: { kind: "sharedKey", key: new SecretText(key) },
    } as const;
    const artifact = await ingest(source, { azureEndpoint: server.endpoint });
    expect(pathsOf(artifact)).toEqual(paths);
    expect(await contentOf(artifact, "1/model.onnx")).toEqual(weights);
    const wrong = { ...source, credentials: { kind: "sharedKey", key: new SecretText("d3Jvbmc=") } } as const;
    await expect(ingest(wrong, { azureEndpoint: server.endpoint })).rejects.toMatchObject({ reason: "SOURCE_REFUSED" });
    await server.close();
  });

  test("sends a shared access signature with every request and shows it in no message", async () => {
    const server = await azureServer({ blobs: tree, signature: "hunter2=/+" });
    const signed = parseArtifactSource("https://account.blob.core.windows.net/models/dir?sv=2021-12-02&sig=hunter2%3D%2F%2B");
    expect(pathsOf(await ingest(signed, { azureEndpoint: server.endpoint }))).toEqual(paths);
    expect(JSON.stringify(signed)).not.toContain("hunter2");
    const absent = parseArtifactSource("https://account.blob.core.windows.net/models/absent?sig=hunter2%3D%2F%2B");
    await expect(ingest(absent, { azureEndpoint: server.endpoint })).rejects.toMatchObject({
      reason: "SOURCE_NOT_FOUND",
      message: expect.not.stringContaining("hunter2"),
    });
    await server.close();
  });
});

describe("hf:// over HTTP", () => {
  const files = new Map([
    ["config.json", Buffer.from("{}")],
    ["onnx/model.onnx", weights],
    ["onnx/model.bin", randomBytes(150)],
    ["README.md", Buffer.from("read")],
  ]);

  test("takes a revision page by page and never sends its token to the host of large files", async () => {
    const server = await hubServer(files, { token: "hf_hunter2" });
    const source = { ...parseArtifactSource("hf://org/model@refs%2Fpr%2F1"), token: new SecretText("hf_hunter2") } as ArtifactSource;
    const artifact = await ingest(source, { huggingFaceEndpoint: server.endpoint });
    expect(pathsOf(artifact)).toEqual(["README.md", "config.json", "onnx/model.bin", "onnx/model.onnx"]);
    expect(await contentOf(artifact, "onnx/model.onnx")).toEqual(weights);
    expect(server.leaked).toEqual([]);
    await server.close();
  });

  test("takes one file, one folder, or what patterns allow and do not ignore", async () => {
    const server = await hubServer(files);
    const settings = { huggingFaceEndpoint: server.endpoint };
    expect(pathsOf(await ingest("hf://org/model/onnx/model.onnx", settings))).toEqual(["model.onnx"]);
    expect(pathsOf(await ingest("hf://org/model:main/onnx", settings))).toEqual(["model.bin", "model.onnx"]);
    const some = { kind: "hf", repository: "org/model", path: "", allow: ["*.json", "onnx/"], ignore: ["*.bin"] } as const;
    expect(pathsOf(await ingest(some, settings))).toEqual(["config.json", "onnx/model.onnx"]);
    await expect(ingest("hf://org/model@absent", settings)).rejects.toMatchObject({ reason: "SOURCE_NOT_FOUND" });
    await server.close();
  });

  test("refuses bytes of another sha256 than the hub announces", async () => {
    const server = await hubServer(files, { damage: (body) => Buffer.from(body).fill(0, 10, 20) });
    await expect(ingest("hf://org/model", { huggingFaceEndpoint: server.endpoint })).rejects.toMatchObject({
      reason: "ARTIFACT_DIGEST_MISMATCH",
    });
    await server.close();
  });
});

describe("hf:// from a mirror", () => {
  const commit = "a".repeat(40);

  async function mirror(): Promise<{ readonly directory: string; readonly snapshot: string }> {
    const directory = join(folder, "hub");
    const repository = join(directory, "models--org--model");
    const snapshot = join(repository, "snapshots", commit);
    await mkdir(join(repository, "refs"), { recursive: true });
    await mkdir(join(repository, "blobs"));
    await mkdir(join(snapshot, "onnx"), { recursive: true });
    await writeFile(join(repository, "refs", "main"), commit);
    await writeFile(join(repository, "blobs", "b1"), weights);
    await symlink("../../../blobs/b1", join(snapshot, "onnx", "model.onnx"));
    await writeFile(join(snapshot, "config.json"), "{}");
    return { directory, snapshot };
  }

  test("reads a revision by name or commit, whole or in part", async () => {
    const { directory } = await mirror();
    const settings = { huggingFaceMirror: directory };
    expect(pathsOf(await ingest("hf://org/model", settings))).toEqual(["config.json", "onnx/model.onnx"]);
    expect(pathsOf(await ingest(`hf://org/model@${commit}/onnx`, settings))).toEqual(["model.onnx"]);
  });

  test("refuses links that lead out of the repository", async () => {
    const { directory, snapshot } = await mirror();
    await writeFile(join(folder, "secret"), "s");
    await symlink(join(folder, "secret"), join(snapshot, "link"));
    await expect(ingest("hf://org/model", { huggingFaceMirror: directory })).rejects.toMatchObject({ reason: "SOURCE_REFUSED" });
  });
});

describe("pvc://", () => {
  test("reads below the folder of mounts, and refuses what leads out of the claim", async () => {
    const claimsDirectory = join(folder, "mounts");
    await mkdir(join(claimsDirectory, "models", "m"), { recursive: true });
    await mkdir(join(claimsDirectory, "other"), { recursive: true });
    await writeFile(join(claimsDirectory, "models", "m", "model.onnx"), weights);
    await symlink("../other", join(claimsDirectory, "models", "out"));
    expect(pathsOf(await ingest("pvc://models/m", { claimsDirectory }))).toEqual(["model.onnx"]);
    for (const path of ["out", "../other", "m/../../other"])
      await expect(ingest(`pvc://models/${path}`, { claimsDirectory })).rejects.toMatchObject({ reason: "SOURCE_REFUSED" });
    await expect(ingest("pvc://absent/m", { claimsDirectory })).rejects.toMatchObject({ reason: "SOURCE_NOT_FOUND" });
    await expect(ingest("pvc://models/m", {})).rejects.toMatchObject({ reason: "SOURCE_UNSUPPORTED" });
  });
});
