/**
 * An artifact store whose artifacts are kept in a bucket; the local folder is a verified cache of them, which may be deleted at any time.
 *
 * Invariants: `ingest` is complete when the bucket has every blob, and then the manifest; what comes from the bucket has the digest of its name, or is refused;
 * what is in the folder and not in the bucket (a kill before it was sent, a folder from before there was a bucket, a lost object) is sent when it is looked for.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, type Log, PlatformError, type Random, randomInteger, sleep } from "@modelyard/core";
import type { Artifact, ArtifactFile, ArtifactStore, GarbageReport, IngestOptions, OpenArtifact, S3Source } from "../contract.ts";
import { Claim } from "../internal/claim.ts";
import { storedDigests } from "../internal/garbage.ts";
import { Holder, heldDigests } from "../internal/holders.ts";
import { isDigest, type Layout, layoutOf, makeFolders } from "../internal/layout.ts";
import { parseManifest } from "../manifest.ts";
import { inParallel } from "../sources/in-parallel.ts";
import { Bucket } from "./bucket.ts";
import { collectBucket, manifestKey, storedManifests } from "./collect-bucket.ts";
import { doomedBlobs, settleMs } from "./doomed-blobs.ts";
import { Leases } from "./leases.ts";
import { type Pull, type Pulled, pullArtifact } from "./pull-artifact.ts";

/** What the store is made of. */
export interface BucketArtifactsOptions {
  readonly local: ArtifactStore;
  /** The folder of `local`. */
  readonly directory: string;
  /** Where artifacts are kept; `path` is the prefix of every key. */
  readonly bucket: S3Source;
  readonly maxArtifactBytes: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
}

const defaultMinAgeMs = 10 * 60 * 1000;
const maxParallel = 4;

/** Opens the store. */
export async function openBucketArtifacts(options: BucketArtifactsOptions): Promise<ArtifactStore> {
  const { local } = options;
  const store = await BucketArtifacts.open(options);
  return {
    uploads: local.uploads,
    ingest: (source, ingestOptions) => store.ingest(source, ingestOptions),
    find: (digest) => store.find(digest),
    list: () => store.list(),
    open: (digest) => store.openArtifact(digest),
    collectGarbage: (isReferenced, how) => store.collectGarbage(isReferenced, how),
    async close() {
      store.close();
      await local.close();
    },
  };
}

class BucketArtifacts {
  readonly #options: BucketArtifactsOptions;
  readonly #layout: Layout;
  readonly #bucket: Bucket;
  readonly #holder: string;
  /** What is brought here from the bucket. */
  readonly #claims: Holder;
  readonly #leases: Leases;
  /** Digests that the bucket was seen to have. */
  #confirmed = new Set<string>();
  /** Blobs whose bytes in the bucket are wrong: they are sent again. */
  readonly #damaged = new Set<string>();

  private constructor(options: BucketArtifactsOptions, { bucket, holder }: { readonly bucket: Bucket; readonly holder: string }) {
    this.#options = options;
    this.#layout = layoutOf(options.directory);
    this.#bucket = bucket;
    this.#holder = holder;
    this.#claims = new Holder(this.#layout, options.random);
    this.#leases = new Leases(bucket, holder);
  }

  static async open(options: BucketArtifactsOptions): Promise<BucketArtifacts> {
    const holder = await holderOf(options);
    return new BucketArtifacts(options, { bucket: await Bucket.open(options.bucket), holder });
  }

  async ingest(source: Parameters<ArtifactStore["ingest"]>[0], options: IngestOptions = {}): Promise<Artifact> {
    await makeFolders(this.#layout);
    const artifact = await this.#options.local.ingest(source, options);
    await this.#publish(artifact, options.signal);
    return artifact;
  }

  async find(digest: string): Promise<Artifact | undefined> {
    if (!isDigest(digest)) return undefined;
    const here = await this.#options.local.find(digest);
    if (!here) return (await this.#pull(digest)) ? this.#options.local.find(digest) : undefined;
    if (!this.#confirmed.has(digest)) await this.#publish(here, undefined);
    return here;
  }

  async list(): Promise<readonly Artifact[]> {
    const digests = [...(await storedManifests(this.#bucket)).keys()];
    const found = await inParallel(digests, (digest) => this.#manifest(digest), { limit: maxParallel, signal: undefined });
    return found.filter((artifact) => artifact !== undefined);
  }

  async openArtifact(digest: string): Promise<OpenArtifact> {
    const { local } = this.#options;
    try {
      return await local.open(digest);
    } catch (error) {
      const isMissing = PlatformError.is(error) && (error.reason === "ARTIFACT_NOT_FOUND" || error.reason === "ARTIFACT_DAMAGED");
      if (!isMissing || !isDigest(digest) || !(await this.#pull(digest))) throw error;
      return local.open(digest);
    }
  }

  async collectGarbage(
    isReferenced: (digest: string) => boolean,
    { minAgeMs = defaultMinAgeMs, signal }: { readonly minAgeMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<GarbageReport> {
    const { local, clock, log } = this.#options;
    await makeFolders(this.#layout);
    const before = new Set([...(await storedManifests(this.#bucket, signal)).keys(), ...(await storedDigests(this.#layout))]);
    const { removedBytes } = await local.collectGarbage(isReferenced, { minAgeMs, ...(signal ? { signal } : {}) });
    const held = await heldDigests(this.#layout);
    const isUsed = (digest: string): boolean => isReferenced(digest) || held.has(digest);
    const collection = { bucket: this.#bucket, leases: this.#leases, holder: this.#holder, clock, log, isUsed, minAgeMs, signal };
    const left = await collectBucket(collection);
    const here = await storedDigests(this.#layout);
    this.#confirmed = new Set([...this.#confirmed].filter((digest) => left.has(digest)));
    for (const digest of here) if (isUsed(digest) && !left.has(digest)) await this.find(digest);
    const keptArtifacts = new Set([...left, ...here]).size;
    return { removedArtifacts: Math.max(0, before.size - keptArtifacts), removedBytes, keptArtifacts };
  }

  close(): void {
    this.#bucket.close();
    this.#claims.close();
  }

  /** Sends what the bucket lacks of an artifact that is here, the manifest last. */
  async #publish(artifact: Artifact, signal: AbortSignal | undefined): Promise<void> {
    const opened = await this.#options.local.open(artifact.digest);
    try {
      await this.#leases.during(artifact, async () => {
        const doomed = await doomedBlobs(this.#bucket, signal);
        const blobs = new Map(artifact.files.map((file) => [file.digest, file]));
        if ([...blobs.keys()].some((digest) => doomed.has(nameOf(digest)))) await sleep(this.#options.clock, settleMs, signal);
        const send = (file: ArtifactFile, stop: AbortSignal): Promise<void> => this.#send(file, stop);
        await inParallel([...blobs.values()], send, { limit: maxParallel, signal });
        await this.#bucket.write(manifestKey(artifact.digest), await readFile(this.#layout.manifest(artifact.digest)), signal);
      });
      this.#confirmed.add(artifact.digest);
    } finally {
      await opened.close();
    }
  }

  async #send(file: ArtifactFile, signal: AbortSignal): Promise<void> {
    const key = `blobs/${nameOf(file.digest)}`;
    const isThere = (await this.#bucket.stat(key, signal))?.sizeBytes === file.sizeBytes;
    if (isThere && !this.#damaged.has(file.digest)) return;
    await this.#bucket.writeFile(key, { path: this.#layout.blob(file.digest), sizeBytes: file.sizeBytes }, signal);
    this.#damaged.delete(file.digest);
  }

  /** Brings an artifact here; false when the bucket does not have all of it, whole. */
  async #pull(digest: string): Promise<boolean> {
    // The folder may have been deleted since it was opened.
    await makeFolders(this.#layout);
    return this.#leases.during({ digest }, async () => {
      const artifact = await this.#manifest(digest);
      if (!artifact) return false;
      const { bucket: source, clock, random, maxArtifactBytes } = this.#options;
      const layout = this.#layout;
      const pull = { source, bucket: this.#bucket, layout, clock, random, maxArtifactBytes };
      const pulled = await this.#pullClaimed(artifact, pull);
      for (const lost of pulled.damaged) this.#damaged.add(lost);
      if (!pulled.isWhole) return false;
      this.#confirmed.add(digest);
      return true;
    });
  }

  async #pullClaimed(artifact: Artifact, deps: Omit<Pull, "claim">): Promise<Pulled> {
    const claim = new Claim({ ...deps, holder: this.#claims, signal: undefined });
    try {
      return await pullArtifact(artifact, { ...deps, claim });
    } finally {
      await claim.end();
    }
  }

  async #manifest(digest: string): Promise<Artifact | undefined> {
    const bytes = await this.#bucket.read(manifestKey(digest));
    try {
      return bytes && parseManifest(digest, bytes);
    } catch (error) {
      // As with a folder: what is damaged is not there, and taking its source in again repairs it.
      this.#options.log.error("An artifact's manifest in the bucket is damaged", error, { digest });
      return undefined;
    }
  }
}

function nameOf(digest: string): string {
  return digest.slice("sha256:".length);
}

/** Name of this folder among the holders of the bucket; a new one when the folder was deleted, and then the old one's leases run out. */
async function holderOf({ directory, random }: BucketArtifactsOptions): Promise<string> {
  const path = join(directory, "bucket-holder");
  const known = await readFile(path, "utf8").catch(() => "");
  if (/^[0-9a-f]{24}$/.test(known)) return known;
  const part = (): string =>
    randomInteger(random, 2 ** 48)
      .toString(16)
      .padStart(12, "0");
  const holder = part() + part();
  await writeFile(path, holder, { mode: 0o600 });
  return holder;
}
