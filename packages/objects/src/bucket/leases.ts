/**
 * Who uses what of a bucket that several machines share. Each holder (an artifact folder with its control) keeps objects under `leases/<holder>/`:
 * `refs.json` names the artifacts it refers to, one `<hex>.json` an artifact that it is taking in or bringing here at this moment, with its blobs.
 *
 * Invariant: whoever relies on something in the bucket has written a lease on it before looking whether it is there. A lease that was not renewed for
 * `leaseMs`, by the server's clock, counts for nothing.
 */
import type { Artifact } from "../contract.ts";
import type { Bucket, StoredObject } from "./bucket.ts";

/** A holder that was not heard of for so long is gone. */
export const leaseMs: number = 24 * 3600 * 1000;

const prefix = "leases/";

/** What leases protect: digests. */
export interface Leased {
  readonly artifacts: ReadonlySet<string>;
  readonly blobs: ReadonlySet<string>;
}

interface LeaseText {
  readonly artifacts: readonly string[];
  readonly blobs?: readonly string[];
}

/** The leases of one holder. */
export class Leases {
  readonly #bucket: Bucket;
  readonly #folder: string;
  /** Artifacts whose use is not over, and by how many. */
  readonly #active = new Map<string, number>();

  constructor(bucket: Bucket, holder: string) {
    this.#bucket = bucket;
    this.#folder = `${prefix}${holder}/`;
  }

  /** Does something with an artifact under a lease, which outlasts it until the next renewal. */
  async during<T>(artifact: Pick<Artifact, "digest"> & Partial<Artifact>, work: () => Promise<T>): Promise<T> {
    const { digest, files = [] } = artifact;
    this.#active.set(digest, (this.#active.get(digest) ?? 0) + 1);
    try {
      const text: LeaseText = { artifacts: [digest], blobs: files.map((file) => file.digest) };
      await this.#bucket.write(`${this.#folder}${digest.slice(7)}.json`, Buffer.from(JSON.stringify(text)));
      return await work();
    } finally {
      const left = (this.#active.get(digest) ?? 1) - 1;
      if (left === 0) this.#active.delete(digest);
      else this.#active.set(digest, left);
    }
  }

  /** Says what is referred to from now on; leases on what came and went are dropped when they are so old. Gives the server's time. */
  async renew(
    artifacts: readonly string[],
    { minAgeMs, signal }: { readonly minAgeMs: number; readonly signal: AbortSignal | undefined },
  ): Promise<number> {
    const refs = `${this.#folder}refs.json`;
    await this.#bucket.write(refs, Buffer.from(JSON.stringify({ artifacts } satisfies LeaseText)), signal);
    const nowMs = (await this.#bucket.stat(refs, signal))?.modifiedAtMs ?? 0;
    for (const { key, modifiedAtMs } of await this.#bucket.list(this.#folder, signal)) {
      const digest = `sha256:${key.slice(this.#folder.length, -".json".length)}`;
      if (key !== refs && !this.#active.has(digest) && nowMs - modifiedAtMs >= minAgeMs) await this.#bucket.remove(key, signal);
    }
    return nowMs;
  }
}

/** Everything that some holder has a lease on. Leases that ran out are removed. */
export async function readLeases(
  bucket: Bucket,
  { nowMs, signal }: { readonly nowMs: number; readonly signal: AbortSignal | undefined },
): Promise<Leased> {
  const artifacts = new Set<string>();
  const blobs = new Set<string>();
  for (const object of await bucket.list(prefix, signal)) {
    if (nowMs - object.modifiedAtMs > leaseMs) {
      await bucket.remove(object.key, signal);
      continue;
    }
    const text = await readLease(bucket, object, signal);
    for (const digest of text?.artifacts ?? []) artifacts.add(digest);
    for (const digest of text?.blobs ?? []) blobs.add(digest);
  }
  return { artifacts, blobs };
}

/** Undefined when it went meanwhile. One that cannot be read stops whoever asks: what it protects is not known. */
async function readLease(bucket: Bucket, { key }: StoredObject, signal: AbortSignal | undefined): Promise<LeaseText | undefined> {
  const bytes = await bucket.read(key, signal);
  // Written by this file only.
  return bytes && (JSON.parse(Buffer.from(bytes).toString("utf8")) as LeaseText);
}
