/** The read side: opens verified artifacts that are on this machine, and keeps garbage collection off them meanwhile. */
import { readFile, stat } from "node:fs/promises";
import { type Clock, failure, type Random } from "@modelyard/core";
import type { Artifact, LocalArtifacts, OpenArtifact } from "./contract.ts";
import { Holder } from "./internal/holders.ts";
import { isDigest, type Layout, layoutOf } from "./internal/layout.ts";
import { removalsEnded } from "./internal/removal.ts";
import { parseManifest } from "./manifest.ts";

/** Options of {@link openLocalArtifacts}. */
export interface LocalArtifactsOptions {
  /** The artifact folder. */
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** Opens the read side of an artifact folder, which need not have anything in it yet. */
export function openLocalArtifacts(options: LocalArtifactsOptions): LocalArtifacts {
  const { clock } = options;
  const layout = layoutOf(options.directory);
  const holder = new Holder(layout, options.random);
  return {
    open: (digest) => openArtifact(layout, { holder, clock, digest }),
    close: async () => holder.close(),
  };
}

interface OpenRequest {
  readonly holder: Holder;
  readonly clock: Clock;
  readonly digest: string;
}

/** Marks first, looks second: a collection that runs at the same time sees the mark, or the artifact was gone before. */
async function openArtifact(layout: Layout, { holder, clock, digest }: OpenRequest): Promise<OpenArtifact> {
  if (!isDigest(digest)) throw failure("ARTIFACT_NOT_FOUND", { digest });
  const release = await holder.hold(digest);
  try {
    await removalsEnded(layout, { clock, signal: undefined });
    const artifact = await readArtifact(layout, digest);
    if (!artifact) throw failure("ARTIFACT_NOT_FOUND", { digest });
    await checkSizes(layout, artifact);
    return { artifact, pathOf: (file) => layout.blob(file.digest), close: release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** The artifact of a digest, from its manifest; undefined when it is not here. */
export async function readArtifact(layout: Layout, digest: string): Promise<Artifact | undefined> {
  try {
    return parseManifest(digest, await readFile(layout.manifest(digest)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** `ARTIFACT_DAMAGED` when a file of the artifact is missing or has another length than it must have. */
export async function checkSizes(layout: Layout, artifact: Artifact): Promise<void> {
  for (const file of artifact.files) {
    const found = await stat(layout.blob(file.digest)).catch(() => undefined);
    if (found?.size === file.sizeBytes) continue;
    const problem = found ? `"${file.path}" has ${found.size} bytes where ${file.sizeBytes} are wanted` : `"${file.path}" is missing`;
    throw failure("ARTIFACT_DAMAGED", { digest: artifact.digest, problem });
  }
}
