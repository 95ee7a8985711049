/** Takes the objects of a remote tree in, each resumed on its own, and reports progress over all of them. */
import { failure } from "@modelyard/core";
import type { ArtifactFile, IngestOptions } from "../contract.ts";
import type { BlobPlaces, PlacedBlob } from "../internal/place-blob.ts";
import { fetchResumably } from "../internal/resumable-fetch.ts";
import { inParallel } from "./in-parallel.ts";
import { listTree, type TreeFile } from "./list-tree.ts";
import type { RemoteTree } from "./remote-tree.ts";

/** What a fetch of a tree needs. */
export interface TreeFetch extends BlobPlaces {
  readonly tree: RemoteTree;
  /** Key or folder in the tree; empty for all of it. */
  readonly path: string;
  /** Which paths to take; default all. */
  readonly wants?: (path: string) => boolean;
  readonly options: IngestOptions;
  /** More bytes than this, over all files, are refused. */
  readonly maxBytes: number;
}

/** A file that is stored now. */
export type FetchedFile = ArtifactFile & PlacedBlob;

/** Fetches every file of the tree to blobs. */
export async function fetchTree(fetching: TreeFetch): Promise<readonly FetchedFile[]> {
  const { tree, path, clock, options, maxBytes, wants } = fetching;
  const files = await listTree(tree, path, { clock, signal: options.signal, ...(wants ? { wants } : {}) });
  const totalBytes = files.reduce((sum, { object }) => sum + object.sizeBytes, 0);
  if (totalBytes > maxBytes)
    throw failure("SOURCE_REFUSED", { source: tree.label, why: `it has ${totalBytes} bytes where the limit is ${maxBytes}` });
  const progress = progressOf(totalBytes, options);
  const taken = await inParallel(files, (file, signal) => fetchFile(fetching, file, { signal, onBytes: progress(file) }), {
    limit: tree.maxParallel,
    signal: options.signal,
  });
  options.onProgress?.({ stage: "verify", doneBytes: totalBytes, totalBytes });
  return taken;
}

/** Adds up what the files have; a file that starts over takes its bytes back. */
function progressOf(totalBytes: number, options: IngestOptions): (file: TreeFile) => (doneBytes: number) => void {
  let sum = 0;
  return () => {
    let own = 0;
    return (doneBytes) => {
      sum += doneBytes - own;
      own = doneBytes;
      options.onProgress?.({ stage: "fetch", doneBytes: sum, totalBytes });
    };
  };
}

async function fetchFile(
  { tree, layout, clock, claim, maxBytes }: TreeFetch,
  { object, path }: TreeFile,
  run: { readonly signal: AbortSignal; readonly onBytes: (doneBytes: number) => void },
): Promise<FetchedFile> {
  const { sizeBytes, version, checksum } = object;
  const body = {
    identity: JSON.stringify([tree.identity, object.key]),
    label: `${tree.label} (${path})`,
    maxBytes,
    announced: { sizeBytes, validator: version, checksum },
    open: (request: Parameters<RemoteTree["open"]>[1]) => tree.open(object, request),
    failureOf: (error: unknown) => tree.failureOf(error),
  };
  const stored = await fetchResumably(body, { layout, clock, claim, ...run });
  return { path, ...stored };
}
