/**
 * Removes artifacts no model and no service refers to.
 *
 * Reads every model record and InferenceService, the fetches that ended, the artifact store. Writes the artifact store. An artifact that was just fetched
 * is protected by its age until its service's status or record names it.
 */
import { inferenceServiceKind } from "@modelyard/api";
import { decodeModelRecord, registryPrefix } from "@modelyard/mesh";
import type { ArtifactStore, GarbageReport } from "@modelyard/objects";
import type { ResourceClient } from "@modelyard/resources";
import { listPrefix, type Store } from "@modelyard/store";
import type { Fetches } from "../fetch/fetches.ts";

/** What the sweep is given. */
export interface ArtifactSweepDeps {
  readonly store: Store;
  readonly client: ResourceClient;
  readonly artifacts: ArtifactStore;
  readonly fetches: Fetches;
}

/** Collects garbage once. A record that cannot be read stops it: what it refers to is not known. */
export async function sweepArtifacts(deps: ArtifactSweepDeps, signal: AbortSignal): Promise<GarbageReport | undefined> {
  const referenced = new Set<string>(deps.fetches.digests());
  for (const service of (await deps.client.list(inferenceServiceKind)).items) {
    const digest = service.status?.modelyard?.digest;
    if (digest !== undefined) referenced.add(digest);
  }
  for (const { value } of (await listPrefix(deps.store, registryPrefix, { signal })).keyValues) {
    const record = decodeModelRecord(value);
    if (!record) return undefined;
    referenced.add(record.artifactDigest);
  }
  // A fetch may have ended since the first look.
  for (const digest of deps.fetches.digests()) referenced.add(digest);
  return deps.artifacts.collectGarbage((digest) => referenced.has(digest), { signal });
}
