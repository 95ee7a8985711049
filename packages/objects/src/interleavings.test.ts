/** Ingestions, readers and collections of one folder, each with a store of its own as in a process of its own, in many orders of their file system steps. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import type * as Files from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PlatformError, silentLog, systemClock, systemRandom } from "@modelyard/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openArtifactStore } from "./artifact-store.ts";
import type { Artifact, ArtifactStore, IngestOptions, OpenArtifact } from "./contract.ts";
import { Interleaving } from "./testing/interleaving.ts";
import { zipOf } from "./testing/zip-bytes.ts";

const orders = 60;
const shared = vi.hoisted(() => ({ step: (): Promise<void> => Promise.resolve() }));

// The real functions, each after a step of the interleaving.
vi.mock("node:fs/promises", async (original) => {
  const files = await original<typeof Files>();
  const stepped = (value: unknown): unknown => {
    if (typeof value !== "function") return value;
    return async (...given: unknown[]) => {
      await shared.step();
      return Reflect.apply(value, files, given) as unknown;
    };
  };
  return Object.fromEntries(Object.entries(files).map(([name, value]) => [name, stepped(value)]));
});

let folder: string;
let stores: ArtifactStore[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "interleavings-"));
  const deps = { directory: join(folder, "objects"), clock: systemClock(), log: silentLog(), random: systemRandom() };
  stores = [await openArtifactStore(deps), await openArtifactStore(deps), await openArtifactStore(deps)];
});

afterEach(async () => {
  for (const store of stores) await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Does something in each of many orders; `prepare` is called before each, for the pieces of work and what holds after them. */
async function inManyOrders(
  prepare: () => Promise<{ readonly works: readonly (() => Promise<void>)[]; readonly check: () => Promise<void> }>,
): Promise<void> {
  for (let seed = 1; seed <= orders; seed++) {
    const { works, check } = await prepare();
    const interleaving = new Interleaving(seed);
    shared.step = () => interleaving.step();
    await interleaving.run(works);
    await check();
  }
}

function source(name: string, bytes: Uint8Array | string): { readonly kind: "file"; readonly path: string } {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, bytes);
  return { kind: "file", path };
}

/** As if nobody had wanted it for an hour. */
function makeOld(artifact: Artifact): void {
  const hourAgo = Date.now() / 1000 - 3600;
  for (const name of [`artifacts/${artifact.digest.slice(7)}.json`, ...artifact.files.map((file) => `blobs/${file.digest.slice(7)}`)])
    utimesSync(join(folder, "objects", name), hourAgo, hourAgo);
}

function contentOf(artifact: Artifact): readonly string[] {
  return artifact.files.map((file) => readFileSync(join(folder, "objects", "blobs", file.digest.slice(7)), "utf8"));
}

const collect = (store: ArtifactStore | undefined, wanted?: string, minAgeMs?: number) => async (): Promise<void> => {
  await store?.collectGarbage((digest) => digest === wanted, minAgeMs === undefined ? {} : { minAgeMs });
};

describe("in whatever order the steps come", () => {
  test("what comes in again while two processes collect is there when its ingestion ends, and stays", async () => {
    const [ingesting, one, other] = stores;
    const model = source("model", "bytes");
    await inManyOrders(async () => {
      const artifact = await ingesting?.ingest(model);
      if (artifact) makeOld(artifact);
      const ingest = async (): Promise<void> => {
        const again = await ingesting?.ingest(model);
        expect(again && contentOf(again)).toEqual(["bytes"]);
      };
      return {
        works: [ingest, collect(one), collect(other)],
        check: async () => expect(await ingesting?.find(artifact?.digest ?? "")).toEqual(artifact),
      };
    });
  });

  test("what is referred to comes in whole while two processes collect files of any age", async () => {
    const [ingesting, one, other] = stores;
    source("tree/a", "first");
    const tree = { kind: "file", path: join(source("tree/b", "second").path, "..") } as const;
    const artifact = await ingesting?.ingest(tree);
    await inManyOrders(async () => {
      await collect(one, undefined, 0)();
      const ingest = async (): Promise<void> => void (await ingesting?.ingest(tree));
      return {
        works: [ingest, collect(one, artifact?.digest, 0), collect(other, artifact?.digest, 0)],
        check: async () => expect(await ingesting?.find(artifact?.digest ?? "")).toEqual(artifact),
      };
    });
  });

  test("a reader finds nothing, or has all files until it closes", async () => {
    const [reading, one, other] = stores;
    const model = source("model", "bytes");
    let found = 0;
    let order = 0;
    await inManyOrders(async () => {
      const artifact = await reading?.ingest(model);
      if (artifact) makeOld(artifact);
      let opened: OpenArtifact | undefined;
      const read = async (): Promise<void> => {
        for (let steps = order++ % 40; steps > 0; steps--) await shared.step();
        opened = await reading?.open(artifact?.digest ?? "").catch((error: unknown) => {
          if (PlatformError.is(error) && error.reason === "ARTIFACT_NOT_FOUND") return undefined;
          throw error;
        });
      };
      const check = async (): Promise<void> => {
        if (opened) expect(contentOf(opened.artifact)).toEqual(["bytes"]);
        if (opened) found++;
        await opened?.close();
      };
      return { works: [read, collect(one), collect(other)], check };
    });
    expect(found).toBeGreaterThan(0);
    expect(found).toBeLessThan(orders);
  });

  test("an archive that one ingestion unpacks and throws away stays for another that wants it as it is", async () => {
    const [unpacking, keeping, collecting] = stores;
    const zip = zipOf([{ name: "inside", content: "inside" }]);
    const [one, other] = [source("one/model.zip", zip), source("other/model.zip", zip)];
    const ingest = (store: ArtifactStore | undefined, from: typeof one, options: IngestOptions) => async (): Promise<void> => {
      const artifact = await store?.ingest(from, options);
      expect(await store?.find(artifact?.digest ?? "")).toEqual(artifact);
    };
    await inManyOrders(async () => {
      await collect(collecting, undefined, 0)();
      const works = [ingest(unpacking, one, { unpack: "auto" }), ingest(keeping, other, { unpack: "never" }), collect(collecting)];
      const check = async (): Promise<void> => {
        const contents = ((await keeping?.list()) ?? []).map(contentOf);
        expect(contents).toHaveLength(2);
        expect(contents).toEqual(expect.arrayContaining([["inside"], [zip.toString()]]));
      };
      return { works, check };
    });
  });
});
