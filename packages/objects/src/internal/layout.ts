/**
 * Where things are in the artifact folder:
 * `blobs/<hex>` file contents, `artifacts/<hex>.json` manifests, `partial/` bytes on their way in, `uploads/` what is sent over HTTP, `open/<holder>/` markers of who
 * reads or takes in, `removing/` flags of who removes.
 * A blob or manifest appears by rename, complete and synced, or not at all.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

/** Paths of one artifact folder. */
export interface Layout {
  readonly blobs: string;
  readonly artifacts: string;
  readonly partial: string;
  readonly open: string;
  readonly removing: string;
  readonly uploads: string;
  blob(digest: string): string;
  manifest(digest: string): string;
}

/** The layout of a folder. */
export function layoutOf(directory: string): Layout {
  const at = (name: string): string => join(directory, name);
  return {
    blobs: at("blobs"),
    artifacts: at("artifacts"),
    partial: at("partial"),
    open: at("open"),
    removing: at("removing"),
    uploads: at("uploads"),
    blob: (digest) => join(directory, "blobs", hexOf(digest)),
    manifest: (digest) => join(directory, "artifacts", `${hexOf(digest)}.json`),
  };
}

/** Makes the folders that are not there. */
export async function makeFolders(layout: Layout): Promise<void> {
  for (const folder of [layout.blobs, layout.artifacts, layout.partial, layout.open, layout.removing, layout.uploads])
    await mkdir(folder, { recursive: true, mode: 0o700 });
}

const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** Whether a text is a digest of ours: only such a text ever becomes part of a path. */
export function isDigest(text: string): boolean {
  return digestPattern.test(text);
}

function hexOf(digest: string): string {
  if (!isDigest(digest)) throw new Error(`Invariant does not hold: not a digest: ${digest}`);
  return digest.slice("sha256:".length);
}
