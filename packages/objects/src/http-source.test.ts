import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog, systemClock, systemRandom } from "@modelyard/core";
import { fakeClock } from "@modelyard/core/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openArtifactStore } from "./artifact-store.ts";
import type { ArtifactStore } from "./contract.ts";
import { listening } from "./testing/listening.ts";

const content = randomBytes(1_000_000);
let folder: string;
let store: ArtifactStore;
let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let ranges: (string | undefined)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "objects-http-"));
  store = await openArtifactStore({
    directory: folder,
    clock: systemClock(),
    log: silentLog(),
    random: systemRandom(),
    maxArtifactBytes: 2_000_000,
  });
  ranges = [];
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

function url(path = "/models/digits.onnx?token=secret"): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
}

/** Serves ranges under a strong validator; drops the connection after `cutAfter` bytes of each answer. */
function rangeServer(options: { readonly etag?: string; readonly cutAfter?: number; readonly from?: Buffer } = {}): typeof answer {
  const { etag = '"v1"', cutAfter = Number.POSITIVE_INFINITY, from = content } = options;
  return (request, response) => {
    const start = request.headers["if-range"] === etag ? Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0) : 0;
    const body = from.subarray(start);
    const head = {
      etag,
      "content-length": body.length,
      ...(start > 0 ? { "content-range": `bytes ${start}-${from.length - 1}/${from.length}` } : {}),
    };
    response.writeHead(start > 0 ? 206 : 200, head);
    if (body.length <= cutAfter) response.end(body);
    else response.write(body.subarray(0, cutAfter), () => response.destroy());
  };
}

test("ingest() over HTTP stores the body under the name of the address", async () => {
  answer = rangeServer();
  const artifact = await store.ingest({ kind: "http", url: url() });
  expect(artifact.files[0]).toMatchObject({ path: "digits.onnx", sizeBytes: content.length });
});

test("ingest() goes on where a cut connection ended, and the bytes are right", async () => {
  answer = rangeServer({ cutAfter: 400_000 });
  const artifact = await store.ingest({ kind: "http", url: url() });
  const opened = await store.open(artifact.digest);
  expect(artifact.totalBytes).toBe(content.length);
  expect(ranges).toHaveLength(3);
  expect(ranges[0]).toBeUndefined();
  expect(ranges[1]).toMatch(/^bytes=[1-9]\d*-$/);
  await opened.close();
});

test("ingest() starts over when the file changed between two tries", async () => {
  const changed = randomBytes(900_000);
  let tries = 0;
  answer = (request, response) =>
    (tries++ === 0 ? rangeServer({ cutAfter: 400_000 }) : rangeServer({ etag: '"v2"', from: changed }))(request, response);
  const artifact = await store.ingest({ kind: "http", url: url() });
  expect(artifact.totalBytes).toBe(900_000);
});

test("ingest() goes on after a kill: a new store continues the bytes of the old one", async () => {
  answer = rangeServer({ cutAfter: 300_000 });
  const stop = new AbortController();
  const onProgress = ({ doneBytes }: { doneBytes: number }): void => void (doneBytes >= 200_000 && stop.abort());
  await expect(store.ingest({ kind: "http", url: url() }, { signal: stop.signal, onProgress })).rejects.toThrow();
  await store.close();
  store = await openArtifactStore({ directory: folder, clock: systemClock(), log: silentLog(), random: systemRandom() });
  answer = rangeServer();
  expect((await store.ingest({ kind: "http", url: url() })).totalBytes).toBe(content.length);
  expect(ranges.at(-1)).toMatch(/^bytes=[1-9]\d*-$/);
});

test("ingest() never stores an error page as a model", async () => {
  answer = (_request, response) => response.writeHead(404).end("<html>not here</html>");
  await expect(store.ingest({ kind: "http", url: url() })).rejects.toMatchObject({
    reason: "SOURCE_NOT_FOUND",
    message: expect.stringContaining("404"),
  });
  answer = (_request, response) => response.writeHead(403).end("no");
  await expect(store.ingest({ kind: "http", url: url() })).rejects.toMatchObject({ reason: "SOURCE_REFUSED" });
  expect(await store.list()).toEqual([]);
});

test("ingest() tries again when the server is unavailable", async () => {
  let tries = 0;
  answer = (request, response) => (tries++ === 0 ? response.writeHead(503).end() : rangeServer()(request, response));
  expect((await store.ingest({ kind: "http", url: url() })).totalBytes).toBe(content.length);
});

test("ingest() refuses a body over the limit, whether announced or not", async () => {
  const large = randomBytes(2_000_001);
  answer = rangeServer({ from: large });
  await expect(store.ingest({ kind: "http", url: url() })).rejects.toMatchObject({ reason: "SOURCE_REFUSED" });
  answer = (_request, response) => response.writeHead(200).end(large);
  await expect(store.ingest({ kind: "http", url: url("/other") })).rejects.toMatchObject({ reason: "SOURCE_REFUSED" });
});

test("ingest() keeps the query of an address, which may be a secret, out of its messages", async () => {
  answer = (_request, response) => response.writeHead(404).end();
  await expect(store.ingest({ kind: "http", url: url() })).rejects.toMatchObject({ message: expect.not.stringContaining("secret") });
});

test("ingest() says that nobody listens at the address", async () => {
  const gone = url();
  await new Promise((done) => server.close(done));
  await expect(store.ingest({ kind: "http", url: gone })).rejects.toMatchObject({ reason: "SOURCE_UNAVAILABLE" });
  server.listen(0, "127.0.0.1");
});

test("ingest() refuses at once a port that fetch blocks, which would fail again", async () => {
  await expect(store.ingest({ kind: "http", url: "http://127.0.0.1:1/x.onnx" })).rejects.toMatchObject({
    reason: "SOURCE_UNSUPPORTED",
    retryable: false,
  });
});

test("ingest() leaves no timer behind when nobody answers, nor a connection when the answer is refused", async () => {
  const clock = fakeClock();
  const closed = Promise.withResolvers<void>();
  answer = (request, response) => {
    request.socket.once("close", () => closed.resolve());
    // An error page that never ends.
    response.writeHead(403).write("no");
  };
  const other = await openArtifactStore({ directory: folder, clock, log: silentLog(), random: systemRandom() });
  await expect(other.ingest({ kind: "http", url: url() })).rejects.toMatchObject({ reason: "SOURCE_REFUSED" });
  await closed.promise;
  expect(clock.pending).toBe(0);
  await other.close();
});

test("ingest() follows a redirect, but sends its headers to no other origin", async () => {
  const seen: (string | undefined)[] = [];
  const other = await listening((request, response) => {
    seen.push(request.headers.authorization);
    response.end("weights");
  });
  const authorised: (string | undefined)[] = [];
  answer = (request, response) => {
    authorised.push(request.headers.authorization);
    response.writeHead(302, { location: `${other.endpoint}/real.onnx` }).end();
  };
  const artifact = await store.ingest({ kind: "http", url: url(), headers: { authorization: "Bearer hunter2" } });
  expect(artifact.totalBytes).toBe(7);
  expect(authorised).toEqual(["Bearer hunter2"]);
  expect(seen).toEqual([undefined]);
  await other.close();
});

test("ingest() gives up on redirects that lead in a circle", async () => {
  answer = (_request, response) => response.writeHead(302, { location: "/again" }).end();
  await expect(store.ingest({ kind: "http", url: url() })).rejects.toMatchObject({ reason: "SOURCE_REFUSED" });
});
