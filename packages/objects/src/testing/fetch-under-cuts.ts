/** Takes artifacts in from a real S3 server through a proxy that cuts connections at random, and compares every byte with what was put there. */
import { mkdir, readFile } from "node:fs/promises";
import { type Random, randomInteger, seededRandom, silentLog, systemClock } from "@modelyard/core";
import { openArtifactStore } from "../artifact-store.ts";
import type { ArtifactStore } from "../contract.ts";
import { cuttingProxy } from "./cutting-proxy.ts";
import type { RealS3 } from "./real-s3.ts";

/** What became of the artifacts. */
export interface CutOutcome {
  readonly fetched: number;
  /** Those of which every file has the bytes that were put. */
  readonly intact: number;
  /** Connections that were cut. */
  readonly cuts: number;
  readonly totalBytes: number;
}

/** Options of {@link fetchUnderCuts}. */
export interface CutOptions {
  readonly server: RealS3;
  /** Empty folder for the artifact store. */
  readonly directory: string;
  /** Artifacts, of one to four files each. */
  readonly count: number;
  readonly seed: number;
}

const bucket = "under-cuts";
const maxFileBytes = 400_000;
/** Times a source is given to the store; each goes on where the last ended, as control does it. */
const maxIngests = 10;

/** Runs the test. */
export async function fetchUnderCuts({ server, directory, count, seed }: CutOptions): Promise<CutOutcome> {
  const random = seededRandom(seed);
  const { sdk, client } = server.session;
  await mkdir(directory, { recursive: true });
  await client.send(new sdk.CreateBucketCommand({ Bucket: bucket }));
  const proxy = await cuttingProxy({ target: server.endpoint, seed });
  const store = await openArtifactStore({ directory, clock: systemClock(), log: silentLog(), random });
  let intact = 0;
  let totalBytes = 0;
  try {
    for (let index = 0; index < count; index++) {
      const files = await putFiles(server, { prefix: `artifact-${index}`, random });
      const fetched = await fetchFiles(store, { server, endpoint: proxy.endpoint, prefix: `artifact-${index}` });
      if (isSame(files, fetched)) intact++;
      for (const bytes of fetched.values()) totalBytes += bytes.byteLength;
    }
    return { fetched: count, intact, cuts: proxy.cuts, totalBytes };
  } finally {
    await store.close();
    await proxy.close();
  }
}

async function putFiles(server: RealS3, what: { readonly prefix: string; readonly random: Random }): Promise<ReadonlyMap<string, Buffer>> {
  const { sdk, client } = server.session;
  const files = new Map<string, Buffer>();
  for (let file = 0; file <= randomInteger(what.random, 4); file++) {
    const bytes = Buffer.alloc(randomInteger(what.random, maxFileBytes), `${what.prefix}-${file}-${randomInteger(what.random, 2 ** 32)}`);
    files.set(`file-${file}`, bytes);
    await client.send(
      new sdk.PutObjectCommand({ Bucket: bucket, Key: `${what.prefix}/file-${file}`, Body: bytes, ContentLength: bytes.byteLength }),
    );
  }
  return files;
}

async function fetchFiles(
  store: ArtifactStore,
  from: { readonly server: RealS3; readonly endpoint: string; readonly prefix: string },
): Promise<ReadonlyMap<string, Buffer>> {
  const { region, credentials } = from.server;
  const source = { kind: "s3", bucket, path: from.prefix, endpoint: from.endpoint, region, credentials } as const;
  for (let attempt = 1; ; attempt++) {
    try {
      const opened = await store.open((await store.ingest(source)).digest);
      const files = new Map<string, Buffer>();
      for (const file of opened.artifact.files) files.set(file.path, await readFile(opened.pathOf(file)));
      await opened.close();
      return files;
    } catch (error) {
      // Cut more often in a row than one fetch tries: the next goes on from there.
      if (attempt === maxIngests) throw error;
    }
  }
}

function isSame(put: ReadonlyMap<string, Buffer>, fetched: ReadonlyMap<string, Buffer>): boolean {
  return put.size === fetched.size && [...put].every(([name, bytes]) => fetched.get(name)?.equals(bytes));
}
