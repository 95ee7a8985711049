/** Uploads and fetches as users meet them: real processes, cut connections, and a control that is killed amid them. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage, request, type Server } from "node:http";
import { type AddressInfo, connect, createServer, type Server as NetServer } from "node:net";
import { join } from "node:path";
import { type InferenceService, inferenceServiceKind, namespaceKind } from "@modelyard/api";
import { seededRandom, systemClock, systemRandom } from "@modelyard/core";
import { httpResourceClient, type ResourceClient } from "@modelyard/resources";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { startModelyard } from "./index.ts";
import { uploadFile } from "./server/upload-file.ts";
import { sampleModel, startServer, type TestServer } from "./testing/running-server.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const tus = { "tus-resumable": "1.0.0" };
const piece = { ...tus, "content-type": "application/offset+octet-stream" };
const wait = { timeout: 60_000, interval: 50 };

function clientOf(url: string): ResourceClient {
  return httpResourceClient({ url, clock: systemClock(), random: systemRandom() });
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

async function listening(server: Server | NetServer): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  // It listens on a port.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A service whose bytes must have this digest; resolves when control has fetched them. */
async function fetched(url: string, source: { readonly storageUri: string; readonly digest: string }): Promise<void> {
  const { storageUri, digest } = source;
  const service: InferenceService = {
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: { name: "bytes", namespace: "default", annotations: { "modelyard.dev/expected-digest": digest } },
    spec: { predictor: { model: { modelFormat: { name: "onnx" }, storageUri } } },
  };
  await clientOf(url).create(inferenceServiceKind, service);
}

async function expectFetched(url: string): Promise<void> {
  await vi.waitFor(async () => {
    const { status } = await clientOf(url).get(inferenceServiceKind, { name: "bytes" });
    expect(status?.modelyard?.digest).toBeDefined();
  }, wait);
}

async function offsetOf(address: string): Promise<number> {
  const { headers, status } = await fetch(address, { method: "HEAD", headers: tus });
  expect(status).toBe(200);
  return Number(headers.get("upload-offset"));
}

async function killControl({ ready }: TestServer): Promise<void> {
  process.kill(ready.pids.control ?? 0, "SIGKILL");
  await vi.waitFor(async () => expect((await fetch(`${ready.control}/readyz`)).status).toBe(200), wait);
}

describe("modelyard deploy --upload", { timeout: 120_000 }, () => {
  it("sends the file and deploys the upload, also without the option when the server is on another machine", async () => {
    const server = await startServer();
    expect(await server.json(["deploy", sampleModel, "--upload"])).toMatchObject({ name: "digits", revision: 1 });
    const { spec } = await clientOf(server.ready.control).get(inferenceServiceKind, { name: "digits" });
    expect(spec.predictor.model?.storageUri).toMatch(/^upload:\/\/[0-9a-f]{24}$/);
    expect(await server.json(["deploy", sampleModel, "--unpack", "never"])).toMatchObject({ revision: 1 });
    const elsewhere = { "modelyard.dev/data-folder": join(temporaryFolder(), "absent") };
    const namespaces = clientOf(server.ready.control);
    const namespace = await namespaces.get(namespaceKind, { name: "default" });
    await namespaces.update(namespaceKind, { ...namespace, metadata: { ...namespace.metadata, annotations: elsewhere } });
    expect(await server.json(["deploy", sampleModel, "--name", "far"])).toMatchObject({ revision: 1 });
    const far = await namespaces.get(inferenceServiceKind, { name: "far" });
    expect(far.spec.predictor.model?.storageUri).toMatch(/^upload:/);
    expect((await server.command(["deploy", sampleModel, "--unpack", "maybe"])).stderr).toContain("one of auto, always, never");
    expect((await server.command(["deploy", temporaryFolder(), "--upload"])).stderr).toContain("make a zip");
  });

  it("goes on where the server says the upload ends when connections are cut", async () => {
    const dataDir = temporaryFolder();
    const modelyard = await startModelyard({ dataDir, port: 0, controlPort: 0 });
    onTestFinished(() => modelyard.close());
    const bytes = randomBytes(10_000_000);
    const path = join(dataDir, "model.bin");
    writeFileSync(path, bytes);
    const proxy = await cutting(modelyard.controlUrl);
    const shown: number[] = [];
    const storageUri = await uploadFile(path, {
      controlUrl: proxy.url,
      fetch: globalThis.fetch,
      clock: systemClock(),
      signal: new AbortController().signal,
      onProgress: ({ doneBytes }) => shown.push(doneBytes),
    });
    expect(proxy.cuts()).toBeGreaterThan(2);
    expect([shown[0], shown.at(-1), shown.every((one, index) => one >= (shown[index - 1] ?? 0))]).toEqual([0, bytes.length, true]);
    await fetched(modelyard.controlUrl, { storageUri, digest: digestOf(bytes) });
    await expectFetched(modelyard.controlUrl);
  });
});

describe("control that is killed", { timeout: 120_000 }, () => {
  it("amid a piece of an upload goes on at the acknowledged offset, and the upload ends intact", async () => {
    const server = await startServer();
    const { control } = server.ready;
    const bytes = randomBytes(6_000_000);
    const created = await fetch(`${control}/uploads`, { method: "POST", headers: { ...tus, "upload-length": String(bytes.length) } });
    const address = control + (created.headers.get("location") ?? "");
    const first = await fetch(address, {
      method: "PATCH",
      headers: { ...piece, "upload-offset": "0" },
      body: bytes.subarray(0, 1_000_000),
    });
    expect(first.headers.get("upload-offset")).toBe("1000000");
    const second = request(address, { method: "PATCH", headers: { ...piece, "upload-offset": "1000000", "content-length": 5_000_000 } });
    const cut = once(second, "error");
    second.write(bytes.subarray(1_000_000, 4_000_000));
    const acknowledged = await vi.waitFor(async () => {
      const offset = await offsetOf(address);
      expect(offset).toBeGreaterThan(1_000_000);
      return offset;
    }, wait);
    await killControl(server);
    await cut;
    const offset = await offsetOf(address);
    expect(offset).toBeGreaterThanOrEqual(acknowledged);
    const rest = await fetch(address, {
      method: "PATCH",
      headers: { ...piece, "upload-offset": String(offset) },
      body: bytes.subarray(offset),
    });
    expect([rest.status, rest.headers.get("upload-offset")]).toEqual([204, String(bytes.length)]);
    await fetched(control, { storageUri: `upload://${address.split("/").at(-1)}`, digest: digestOf(bytes) });
    await expectFetched(control);
  });

  it("amid a fetch goes on by range where it was, and the artifact is intact", async () => {
    const server = await startServer();
    const bytes = randomBytes(6_000_000);
    const half = 3_000_000;
    const starts: number[] = [];
    const web = createHttpServer((asked: IncomingMessage, answer) => {
      const start = Number(/^bytes=(\d+)-/.exec(asked.headers.range ?? "")?.[1] ?? 0);
      starts.push(start);
      const range = start > 0 ? { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {};
      answer.writeHead(start > 0 ? 206 : 200, { etag: '"v1"', "content-length": bytes.length - start, ...range });
      // The first answer never ends.
      if (start === 0) answer.write(bytes.subarray(0, half));
      else answer.end(bytes.subarray(start));
    });
    const storageUri = `${await listening(web)}/model.bin`;
    onTestFinished(() => web.closeAllConnections());
    const { control } = server.ready;
    await fetched(control, { storageUri, digest: digestOf(bytes) });
    await vi.waitFor(async () => {
      const { status } = await clientOf(control).get(inferenceServiceKind, { name: "bytes" });
      expect(status?.modelyard?.doneBytes).toBe(half);
    }, wait);
    await killControl(server);
    await expectFetched(control);
    expect(starts).toEqual([0, half]);
  });
});

/** A way to the server whose connections are cut after a random number of bytes of what is sent; every sixth one lives. */
async function cutting(target: string): Promise<{ readonly url: string; cuts(): number }> {
  const random = seededRandom(20_261_121);
  const { hostname, port } = new URL(target);
  let cuts = 0;
  let connections = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    let left = ++connections % 6 === 0 ? Number.POSITIVE_INFINITY : 500_000 + random.next() * 1_500_000;
    for (const socket of [client, upstream]) socket.on("error", () => socket.destroy());
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
    upstream.pipe(client);
    client.on("data", (chunk) => {
      left -= chunk.length;
      if (left > 0) upstream.write(chunk);
      else {
        cuts++;
        client.resetAndDestroy();
      }
    });
  });
  return { url: await listening(server), cuts: () => cuts };
}
