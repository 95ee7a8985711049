/**
 * The write side of the artifact folder: takes sources in, and collects what nothing refers to. One process writes (control); many read.
 *
 * What a kill leaves: before a blob's rename, partial bytes (continued or dropped later); between blobs and manifest, blobs without an artifact
 * (dropped later); after the manifest's rename, the artifact.
 */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, failure, type Log, PlatformError, type Random, randomInteger } from "@modelyard/core";
import type { ArchiveLimits } from "./archives/archive-limits.ts";
import { type TakenFile, unpackSingleFile } from "./archives/unpack-single-file.ts";
import { openBucketArtifacts } from "./bucket/bucket-artifacts.ts";
import type { Artifact, ArtifactFile, ArtifactSource, ArtifactStore, IngestOptions, S3Source } from "./contract.ts";
import { BlobWriter } from "./internal/blob-writer.ts";
import { Claim } from "./internal/claim.ts";
import { writeDurably } from "./internal/durable-file.ts";
import { collectGarbage, storedDigests } from "./internal/garbage.ts";
import { Holder } from "./internal/holders.ts";
import { fetchHttp } from "./internal/http-source.ts";
import { isDigest, type Layout, layoutOf, makeFolders } from "./internal/layout.ts";
import { listLocalSource, readStable, type SourceFile } from "./internal/local-source.ts";
import { type BlobPlaces, touch } from "./internal/place-blob.ts";
import { resumablePrefix } from "./internal/resumable-fetch.ts";
import { checkSizes, openLocalArtifacts, readArtifact } from "./local-artifacts.ts";
import { buildManifest } from "./manifest.ts";
import { describeSource } from "./source.ts";
import type { SourceSettings } from "./sources/source-settings.ts";
import { takeRemote } from "./sources/take-remote.ts";
import type { UploadLimits } from "./uploads/upload-contract.ts";
import { UploadFolder } from "./uploads/upload-folder.ts";

/** Options of {@link openArtifactStore}. */
export interface ArtifactStoreOptions {
  /** The artifact folder; made when absent. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  /** Most bytes of one artifact. Default 64 GiB. */
  readonly maxArtifactBytes?: number;
  /** Bucket that keeps the artifacts, with a prefix of its keys as `path`; the folder is a cache of it then. Default: the folder keeps them. */
  readonly bucket?: S3Source;
  /** Servers and folders of sources. Default: the public ones, and no volume claims. */
  readonly sources?: SourceSettings;
  /** Limits of archives that are unpacked; those not named have their defaults. */
  readonly archiveLimits?: Partial<ArchiveLimits>;
  /** Limits of uploads; those not named have their defaults. */
  readonly uploadLimits?: Partial<UploadLimits>;
}

const defaultMaxArtifactBytes = 64 * 2 ** 30;
const defaultMinAgeMs = 10 * 60 * 1000;
const defaultUploadLimits = { maxTotalBytes: 256 * 2 ** 30, maxCount: 100, maxAgeMs: 24 * 3600 * 1000 };

interface Taking {
  readonly layout: Layout;
  readonly deps: ArtifactStoreOptions;
  readonly options: IngestOptions;
  readonly maxBytes: number;
  readonly uploads: UploadFolder;
  readonly claim: Claim;
}

/** Opens the artifact store for writing. */
export async function openArtifactStore(deps: ArtifactStoreOptions): Promise<ArtifactStore> {
  const local = await openFolder(deps);
  const { bucket, maxArtifactBytes = defaultMaxArtifactBytes } = deps;
  return bucket ? openBucketArtifacts({ ...deps, local, bucket, maxArtifactBytes }) : local;
}

async function openFolder(deps: ArtifactStoreOptions): Promise<ArtifactStore> {
  const layout = layoutOf(deps.directory);
  await makeFolders(layout);
  await dropUnfinishedCopies(layout);
  const local = openLocalArtifacts(deps);
  const maxBytes = deps.maxArtifactBytes ?? defaultMaxArtifactBytes;
  const uploads = await UploadFolder.open({
    ...deps,
    directory: layout.uploads,
    limits: { ...defaultUploadLimits, maxBytes, ...deps.uploadLimits },
  });
  const holder = new Holder(layout, deps.random);
  const running = new Map<string, Promise<Artifact>>();
  return {
    ...local,
    uploads,
    find: async (digest) => (isDigest(digest) ? findWhole(layout, digest) : undefined),
    async list() {
      const artifacts: Artifact[] = [];
      for (const digest of await storedDigests(layout)) {
        const artifact = await findWhole(layout, digest);
        if (artifact) artifacts.push(artifact);
      }
      return artifacts;
    },
    ingest(source, options = {}) {
      const claim = new Claim({ layout, clock: deps.clock, holder, signal: options.signal });
      const taking = { layout, deps, options, maxBytes, uploads, claim };
      return afterSameSource(running, { source, start: () => ingestClaimed(taking, source) });
    },
    async collectGarbage(isReferenced, options = {}) {
      await uploads.sweep();
      return collectGarbage({ ...deps, layout, isReferenced, minAgeMs: options.minAgeMs ?? defaultMinAgeMs, signal: options.signal });
    },
    async close() {
      holder.close();
      await local.close();
    },
  };
}

/** The artifact of a digest; undefined also when something of it is missing or damaged: taking its source in again repairs it. */
async function findWhole(layout: Layout, digest: string): Promise<Artifact | undefined> {
  try {
    const artifact = await readArtifact(layout, digest);
    if (artifact) await checkSizes(layout, artifact);
    return artifact;
  } catch (error) {
    if (PlatformError.is(error) && error.reason === "ARTIFACT_DAMAGED") return undefined;
    throw error;
  }
}

/** One source is taken in by one caller at a time: two would write to the same partial file. */
async function afterSameSource(
  running: Map<string, Promise<Artifact>>,
  request: { readonly source: ArtifactSource; readonly start: () => Promise<Artifact> },
): Promise<Artifact> {
  const key = describeSource(request.source);
  for (let other = running.get(key); other; other = running.get(key)) await other.catch(() => {});
  const work = request.start();
  running.set(key, work);
  try {
    return await work;
  } finally {
    running.delete(key);
  }
}

async function ingestClaimed(taking: Taking, source: ArtifactSource): Promise<Artifact> {
  try {
    return await ingest(taking, source);
  } finally {
    await taking.claim.end();
  }
}

async function ingest(taking: Taking, source: ArtifactSource): Promise<Artifact> {
  const taken = await takeSource(taking, source);
  const { artifact, bytes } = buildManifest(await unpackTaken(taking, { source, files: taken }));
  checkDigest(taking, { source, artifact, files: taken });
  await storeManifest(taking, { artifact, bytes });
  return artifact;
}

async function takeSource(taking: Taking, source: ArtifactSource): Promise<readonly TakenFile[]> {
  if (source.kind === "file") return takeLocal(taking, { source, found: await listLocalSource(source.path) });
  if (source.kind === "http") return [await takeHttp(taking, source)];
  if (source.kind === "upload") return takeUpload(taking, source);
  const { deps, options, maxBytes } = taking;
  const taken = await takeRemote(source, { settings: deps.sources ?? {}, ...placesOf(taking), options, maxBytes });
  return taken.kind === "local" ? takeLocal(taking, { source, found: taken.files }) : taken.files;
}

async function takeUpload(taking: Taking, source: Extract<ArtifactSource, { kind: "upload" }>): Promise<readonly TakenFile[]> {
  const { name, localPath, sizeBytes, digest } = await taking.uploads.fileOf(source.id);
  const files = await takeLocal(taking, { source, found: [{ path: name, localPath, sizeBytes }] });
  const actual = files[0]?.digest ?? "";
  if (digest === undefined || digest === actual) return files;
  throw failure("ARTIFACT_DIGEST_MISMATCH", { source: describeSource(source), actual, expected: digest });
}

function unpackTaken(
  taking: Taking,
  taken: { readonly source: ArtifactSource; readonly files: readonly TakenFile[] },
): Promise<readonly ArtifactFile[]> {
  const { deps, options, maxBytes } = taking;
  const limits = { maxTotalBytes: maxBytes, ...deps.archiveLimits };
  return unpackSingleFile(
    { ...placesOf(taking), random: deps.random },
    { ...taken, source: describeSource(taken.source), options, limits },
  );
}

async function takeHttp(taking: Taking, source: Extract<ArtifactSource, { kind: "http" }>): Promise<TakenFile> {
  const { options, maxBytes } = taking;
  const { name, ...blob } = await fetchHttp({ source, ...placesOf(taking), options, maxBytes });
  options.onProgress?.({ stage: "verify", doneBytes: blob.sizeBytes, totalBytes: blob.sizeBytes });
  return { path: name, ...blob };
}

async function takeLocal(
  taking: Taking,
  { source, found }: { readonly source: ArtifactSource; readonly found: readonly SourceFile[] },
): Promise<readonly TakenFile[]> {
  const totalBytes = found.reduce((sum, file) => sum + file.sizeBytes, 0);
  if (totalBytes > taking.maxBytes)
    throw failure("SOURCE_REFUSED", { source: describeSource(source), why: `it is larger than the limit of ${taking.maxBytes} bytes` });
  const files: TakenFile[] = [];
  let doneBytes = 0;
  for (const file of found) {
    const onBytes = (count: number): void => {
      doneBytes += count;
      taking.options.onProgress?.({ stage: "fetch", doneBytes, totalBytes });
    };
    files.push(await takeFile(taking, { file, onBytes }));
  }
  taking.options.onProgress?.({ stage: "verify", doneBytes: totalBytes, totalBytes });
  return files;
}

async function takeFile(taking: Taking, one: { readonly file: SourceFile; readonly onBytes: (count: number) => void }): Promise<TakenFile> {
  const { layout, deps, options } = taking;
  const partial = join(layout.partial, `copy-${randomInteger(deps.random, 2 ** 48).toString(16)}`);
  const writer = await BlobWriter.resume(partial);
  try {
    for await (const chunk of readStable(one.file, options.signal)) {
      await writer.write(chunk);
      one.onBytes(chunk.byteLength);
    }
  } catch (error) {
    await writer.discard();
    throw error;
  }
  return { path: one.file.path, ...(await writer.store(placesOf(taking))) };
}

function placesOf({ layout, deps, claim }: Taking): BlobPlaces {
  return { layout, clock: deps.clock, claim };
}

function checkDigest(
  taking: Taking,
  taken: { readonly source: ArtifactSource; readonly artifact: Artifact; readonly files: readonly ArtifactFile[] },
): void {
  const expected = taking.options.expectedDigest;
  const [first, ...others] = taken.files;
  const actual = [taken.artifact.digest, ...(others.length === 0 && first ? [first.digest] : [])];
  if (expected === undefined || actual.includes(expected)) return;
  throw failure("ARTIFACT_DIGEST_MISMATCH", { source: describeSource(taken.source), actual: actual.at(-1) ?? "", expected });
}

async function storeManifest(taking: Taking, made: { readonly artifact: Artifact; readonly bytes: Uint8Array }): Promise<void> {
  const { layout, deps, claim } = taking;
  const place = layout.manifest(made.artifact.digest);
  await claim.add(made.artifact.digest);
  const isThere = (await findWhole(layout, made.artifact.digest)) !== undefined;
  if (isThere && (await touch(place, { clock: deps.clock, sizeBytes: made.bytes.byteLength }))) return;
  const temporary = join(layout.partial, `manifest-${randomInteger(deps.random, 2 ** 48).toString(16)}`);
  await writeDurably(place, { temporary, bytes: made.bytes });
}

/** Copies of local files are not resumed: what a killed process left of them is dropped. Bytes from the network stay. */
async function dropUnfinishedCopies(layout: Layout): Promise<void> {
  for (const name of await readdir(layout.partial))
    if (!name.startsWith(resumablePrefix)) await rm(join(layout.partial, name), { force: true });
}
