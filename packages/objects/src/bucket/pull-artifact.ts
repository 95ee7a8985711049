/** Brings the files of an artifact from the bucket: each is resumed where an earlier try ended, and has the sha256 of its name or is refused. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, PlatformError, type Random, randomInteger } from "@modelyard/core";
import type { Artifact, ArtifactFile, S3Source } from "../contract.ts";
import type { Claim } from "../internal/claim.ts";
import { writeDurably } from "../internal/durable-file.ts";
import type { Layout } from "../internal/layout.ts";
import { fetchResumably } from "../internal/resumable-fetch.ts";
import { buildManifest } from "../manifest.ts";
import { inParallel } from "../sources/in-parallel.ts";
import type { RemoteTree } from "../sources/remote-tree.ts";
import { openS3Tree } from "../sources/s3/s3-tree.ts";
import type { Bucket } from "./bucket.ts";

/** What a pull needs. */
export interface Pull {
  readonly source: S3Source;
  readonly bucket: Bucket;
  readonly layout: Layout;
  readonly clock: Clock;
  readonly random: Random;
  /** Keeps what is here, and what comes, until the pull ends. */
  readonly claim: Claim;
  readonly maxArtifactBytes: number;
}

/** What came of a pull. */
export interface Pulled {
  readonly isWhole: boolean;
  /** Digests of blobs that the bucket lacks or has wrong bytes of. */
  readonly damaged: readonly string[];
}

const maxParallel = 4;

/** Pulls the blobs that are not here, and writes the manifest once all are. */
export async function pullArtifact(artifact: Artifact, pull: Pull): Promise<Pulled> {
  const { layout, random, source } = pull;
  const tree = await openS3Tree(source);
  try {
    const wanted = [...new Map(artifact.files.map((file) => [file.digest, file])).values()];
    const results = await inParallel(wanted, (file, signal) => pullBlob(file, { pull, tree, signal }), {
      limit: maxParallel,
      signal: undefined,
    });
    const damaged = wanted.filter((_file, index) => results[index] === false).map((file) => file.digest);
    if (damaged.length > 0) return { isWhole: false, damaged };
    const temporary = join(layout.partial, `manifest-${randomInteger(random, 2 ** 48).toString(16)}`);
    await pull.claim.add(artifact.digest);
    await writeDurably(layout.manifest(artifact.digest), { temporary, bytes: buildManifest(artifact.files).bytes });
    return { isWhole: true, damaged };
  } finally {
    tree.close();
  }
}

/** False when the bucket has no such bytes. */
async function pullBlob(
  file: ArtifactFile,
  { pull, tree, signal }: { readonly pull: Pull; readonly tree: RemoteTree; readonly signal: AbortSignal },
): Promise<boolean> {
  const { bucket, layout, clock, claim, maxArtifactBytes: maxBytes } = pull;
  const { digest, sizeBytes } = file;
  await claim.add(digest);
  if ((await stat(layout.blob(digest)).catch(() => undefined))?.size === sizeBytes) return true;
  const hex = digest.slice("sha256:".length);
  const key = bucket.keyOf(`blobs/${hex}`);
  const object = await tree.stat(key, signal);
  if (object?.sizeBytes !== sizeBytes) return false;
  const body = {
    identity: JSON.stringify([tree.identity, key]),
    label: `${bucket.place}blobs/${hex}`,
    maxBytes,
    announced: { sizeBytes, validator: object.version, checksum: { algorithm: "sha256", hex } as const },
    open: (request: Parameters<RemoteTree["open"]>[1]) => tree.open(object, request),
    failureOf: (error: unknown) => tree.failureOf(error),
  };
  try {
    await fetchResumably(body, { layout, clock, claim, signal, onBytes: () => {} });
    return true;
  } catch (error) {
    if (PlatformError.is(error) && (error.reason === "ARTIFACT_DIGEST_MISMATCH" || error.reason === "SOURCE_NOT_FOUND")) return false;
    throw error;
  }
}
