/** Between fetching and the manifest: a source that is one archive becomes the files inside it. */
import type { ArtifactFile, IngestOptions } from "../contract.ts";
import { type PlacedBlob, takeBackBlob } from "../internal/place-blob.ts";
import { type ArchiveLimits, defaultArchiveLimits } from "./archive-limits.ts";
import type { StagingDeps } from "./staged-files.ts";
import { unpackArchive } from "./unpack-archive.ts";

/** A file of a source that is in the store. */
export type TakenFile = ArtifactFile & Pick<PlacedBlob, "writtenAs">;

/** What was taken from a source, and how archives are treated. */
export interface TakenSource {
  /** The source, as messages show it. */
  readonly source: string;
  readonly files: readonly TakenFile[];
  readonly options: IngestOptions;
  readonly limits: Partial<ArchiveLimits>;
}

/** The files of the artifact: those inside when there is one file and it is an archive to unpack, else those that were taken. */
export async function unpackSingleFile(deps: StagingDeps, taken: TakenSource): Promise<readonly ArtifactFile[]> {
  const [file, ...others] = taken.files;
  const { unpack = "auto", signal } = taken.options;
  if (!file || others.length > 0 || unpack === "never") return taken.files;
  const limits = { ...defaultArchiveLimits, ...taken.limits };
  let isKept = false;
  try {
    const { source } = taken;
    const path = deps.layout.blob(file.digest);
    const inside = await unpackArchive({ ...deps, path, name: file.path, source, unpack, limits, signal });
    isKept = inside === undefined;
    return inside ?? taken.files;
  } finally {
    // The archive itself is of no use, whether it was unpacked or refused.
    if (!isKept) await takeBackBlob(file, deps);
  }
}
