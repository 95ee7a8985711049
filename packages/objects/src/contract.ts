/**
 * Content-addressed artifacts. An artifact is a tree of files; each file is stored once under the sha256 of its bytes, and the artifact's digest is
 * the sha256 of its manifest. What is in the store was verified when it came in; a name that resolves is complete.
 */

/** A file of an artifact. */
export interface ArtifactFile {
  /** Relative, `/`-separated, normalised; a single file keeps its base name. */
  readonly path: string;
  /** `sha256:<64 hex>`. */
  readonly digest: string;
  readonly sizeBytes: number;
}

/** A verified tree of files. */
export interface Artifact {
  /** `sha256:<64 hex>` of the manifest. */
  readonly digest: string;
  readonly files: readonly ArtifactFile[];
  readonly totalBytes: number;
}

/** Where bytes come from. Directories are taken with everything below them. */
export type ArtifactSource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "http"; readonly url: string; readonly headers?: Readonly<Record<string, string>> };

/** How far a fetch is. */
export interface FetchProgress {
  readonly stage: "fetch" | "verify";
  readonly doneBytes: number;
  /** Absent while unknown. */
  readonly totalBytes?: number;
}

/** Options of {@link ArtifactStore.ingest}. */
export interface IngestOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FetchProgress) => void;
  /** Digest the artifact, or its single file, must have; else `ARTIFACT_DIGEST_MISMATCH` and nothing is kept. */
  readonly expectedDigest?: string;
  /**
   * What becomes of a single file that is a zip, tar, tar.gz or tar.zst, by its content: `auto` unpacks it unless it is a model by itself (TorchScript, Keras,
   * MAR, npz: by its ending or its members), `always` refuses it when it is none, `never` takes it as it is. Default `auto`.
   */
  readonly unpack?: "auto" | "always" | "never";
}

/** An artifact opened for reading; garbage collection leaves it alone until it is closed or its process has ended. */
export interface OpenArtifact {
  readonly artifact: Artifact;
  /** Absolute local path of a file of the artifact. */
  pathOf(file: ArtifactFile): string;
  /** Idempotent. */
  close(): Promise<void>;
}

/** What a collection did. */
export interface GarbageReport {
  readonly removedArtifacts: number;
  readonly removedBytes: number;
  readonly keptArtifacts: number;
}

/** Read side: what a serving process needs. */
export interface LocalArtifacts {
  /** `ARTIFACT_NOT_FOUND` when it is not here. */
  open(digest: string): Promise<OpenArtifact>;
  close(): Promise<void>;
}

/** Write side: control only. */
export interface ArtifactStore extends LocalArtifacts {
  /** Fetches, hashes and stores; resumes what an earlier, interrupted try of the same source left. Same bytes are stored once. */
  ingest(source: ArtifactSource, options?: IngestOptions): Promise<Artifact>;
  find(digest: string): Promise<Artifact | undefined>;
  list(): Promise<readonly Artifact[]>;
  /** Removes what `isReferenced` denies, is not open anywhere, and is older than `minAgeMs` (default 10 min). */
  collectGarbage(
    isReferenced: (digest: string) => boolean,
    options?: { readonly minAgeMs?: number; readonly signal?: AbortSignal },
  ): Promise<GarbageReport>;
}
