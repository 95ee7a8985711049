/** The digests that one ingestion relies on: from before it looks whether they are stored until its manifest is, no collection takes them away. */
import type { Clock } from "@modelyard/core";
import type { Holder } from "./holders.ts";
import type { Layout } from "./layout.ts";
import { removalsEnded } from "./removal.ts";

/** What a claim needs. */
export interface ClaimDeps {
  readonly layout: Layout;
  readonly clock: Clock;
  readonly holder: Holder;
  readonly signal: AbortSignal | undefined;
}

/** The claim of one ingestion. */
export class Claim {
  readonly #deps: ClaimDeps;
  readonly #releases = new Map<string, (() => Promise<void>)[]>();

  constructor(deps: ClaimDeps) {
    this.#deps = deps;
  }

  /** From here on the digest, if it is stored, stays. */
  async add(digest: string): Promise<void> {
    const release = await this.#deps.holder.hold(digest);
    this.#releases.set(digest, [...(this.#releases.get(digest) ?? []), release]);
    await removalsEnded(this.#deps.layout, this.#deps);
  }

  /** Relies on a digest no longer. */
  async drop(digest: string): Promise<void> {
    const releases = this.#releases.get(digest) ?? [];
    this.#releases.delete(digest);
    for (const release of releases) await release();
  }

  /** Relies on nothing any longer; idempotent. */
  async end(): Promise<void> {
    for (const digest of this.#releases.keys()) await this.drop(digest);
  }
}
