import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom, silentLog, systemRandom } from "@modelyard/core";
import { type FakeClock, fakeClock } from "@modelyard/core/testing";
import type { ArtifactStore } from "@modelyard/objects";
import { openArtifactStore } from "@modelyard/objects/store";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Fetches } from "./fetches.ts";

let folder: string;
let artifacts: ArtifactStore;
let server: Server;
let clock: FakeClock;
let stop: AbortController;
let fetches: Fetches;
/** What the server answers with; requests wait until it is set. */
let answer: PromiseWithResolvers<{ readonly status: number; readonly body: string }>;
let requests = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetches-"));
  clock = fakeClock();
  artifacts = await openArtifactStore({ directory: folder, clock, log: silentLog(), random: systemRandom() });
  requests = 0;
  answer = Promise.withResolvers();
  server = createServer((_request, response) => {
    requests++;
    void answer.promise.then(({ status, body }) => response.writeHead(status, { "content-length": Buffer.byteLength(body) }).end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stop = new AbortController();
  fetches = new Fetches({ artifacts, clock, random: seededRandom(1), log: silentLog(), signal: stop.signal, onChange: () => {} });
});

afterEach(async () => {
  stop.abort();
  answer.resolve({ status: 200, body: "" });
  await fetches.ended();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await artifacts.close();
  await rm(folder, { recursive: true, force: true });
});

const request = (name: string) => {
  // The server listens on a port.
  const { port } = server.address() as AddressInfo;
  return { source: { kind: "http", url: `http://127.0.0.1:${port}/${name}` } as const, sourceHash: name };
};
const until = (key: string, hash: string, kind: string) => vi.waitFor(() => expect(fetches.state(key, hash)).toMatchObject({ kind }));

describe("Fetches", () => {
  test("fetches once however often it is asked, and remembers the digest", async () => {
    expect([fetches.ensure("a", request("m")).kind, fetches.ensure("a", request("m")).kind]).toEqual(["running", "running"]);
    answer.resolve({ status: 200, body: "weights" });
    await until("a", "m", "done");
    expect([requests, fetches.ensure("a", request("m")).kind, fetches.digests().length]).toEqual([1, "done", 1]);
    expect(fetches.state("a", "other")).toBeUndefined();
  });

  test("runs four at a time", async () => {
    for (let index = 0; index < 6; index++) fetches.ensure(`k${index}`, request(`m${index}`));
    await vi.waitFor(() => expect(requests).toBe(4));
    answer.resolve({ status: 200, body: "weights" });
    for (let index = 0; index < 6; index++) await until(`k${index}`, `m${index}`, "done");
    expect(requests).toBe(6);
  });

  test("does not hold up a file of this machine by servers that do not answer", async () => {
    for (let index = 0; index < 5; index++) fetches.ensure(`k${index}`, request(`m${index}`));
    const path = join(folder, "local.onnx");
    await writeFile(path, "weights");
    fetches.ensure("local", { source: { kind: "file", path }, sourceHash: "local" });
    await until("local", "local", "done");
  });

  test("gives the turn of a source that is no longer wanted to the next", async () => {
    for (let index = 0; index < 4; index++) fetches.ensure(`k${index}`, request(`m${index}`));
    await vi.waitFor(() => expect(requests).toBe(4));
    for (let index = 0; index < 50; index++) fetches.ensure("storm", request(`storm${index}`));
    fetches.forget("k0");
    await vi.waitFor(() => expect(requests).toBe(5));
    answer.resolve({ status: 200, body: "weights" });
    await until("storm", "storm49", "done");
    expect(requests).toBe(5);
  });

  test("tries again late when the source is not there", async () => {
    answer.resolve({ status: 404, body: "" });
    fetches.ensure("a", request("m"));
    await until("a", "m", "failed");
    expect(fetches.ensure("a", request("m"))).toMatchObject({ kind: "failed", retryAtMs: clock.monotonicMs() + 600_000 });
    // A clock that is set back meanwhile changes nothing.
    const yesterdayMs = clock.nowMs() - 86_400_000;
    clock.nowMs = () => yesterdayMs;
    await clock.advance(599_999);
    expect(fetches.ensure("a", request("m")).kind).toBe("failed");
    await clock.advance(1);
    expect(fetches.ensure("a", request("m")).kind).toBe("running");
  });

  test("gives up the fetch of a source that is no longer wanted", async () => {
    fetches.ensure("a", request("old"));
    await vi.waitFor(() => expect(requests).toBe(1));
    fetches.ensure("a", request("new"));
    answer.resolve({ status: 200, body: "weights" });
    await until("a", "new", "done");
    expect(fetches.state("a", "old")).toBeUndefined();
    fetches.forget("a");
    expect(fetches.digests()).toEqual([]);
  });
});
