/**
 * Content-addressed artifacts. An artifact is a tree of files; each file is stored once under the sha256 of its bytes, and the artifact's digest is
 * the sha256 of its manifest. What is in the store was verified when it came in; a name that resolves is complete.
 */

import type { SecretText } from "./secret-text.ts";
import type { Uploads } from "./uploads/upload-contract.ts";

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

/** Where bytes come from. Directories, and prefixes of object stores, are taken with everything below them. */
export type ArtifactSource =
  | { readonly kind: "file"; readonly path: string }
  | HttpSource
  | S3Source
  | GoogleSource
  | AzureSource
  | HuggingFaceSource
  | ClaimSource
  | UploadSource;

/** One file of a web server. */
export interface HttpSource {
  readonly kind: "http";
  readonly url: string;
  /** Sent to the origin of `url` only. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Used with the origin of `url` only. Default: the authorities of the system, and no client certificate. */
  readonly tls?: SourceTls;
}

/** How a server and a client of TLS prove who they are. */
export interface SourceTls {
  /** PEM of the authority that signed the server's certificate, beside those of the system. */
  readonly certificate?: string;
  /** PEM of the client's certificate; with `clientKey`. */
  readonly clientCertificate?: string;
  readonly clientKey?: SecretText;
}

/** An object of a bucket, or everything below a prefix. */
export interface S3Source {
  readonly kind: "s3";
  readonly bucket: string;
  /** Key or prefix; empty for the whole bucket. */
  readonly path: string;
  /** `http(s)://host[:port]`; addressed in path style. Default: that of the settings, else AWS in its region. */
  readonly endpoint?: string;
  readonly region?: string;
  /** Default `ambient`: environment, files, container; requests go unsigned when there is nothing. */
  readonly credentials?: S3Credentials;
  /** PEM of the authority that signed the endpoint's certificate, beside those of the system. */
  readonly certificate?: string;
}

/** How requests to S3 are signed. */
export type S3Credentials =
  | { readonly kind: "static"; readonly accessKeyId: string; readonly secretAccessKey: SecretText; readonly sessionToken?: SecretText }
  | { readonly kind: "ambient" }
  | { readonly kind: "anonymous" };

/** An object of a bucket of Google Cloud Storage, or everything below a prefix. */
export interface GoogleSource {
  readonly kind: "gcs";
  readonly bucket: string;
  readonly path: string;
  /** Default: anonymous. */
  readonly credentials?: { readonly clientEmail: string; readonly privateKey: SecretText; readonly tokenUri?: string };
}

/** A blob of a container of Azure Blob Storage, or everything below a prefix. */
export interface AzureSource {
  readonly kind: "azure";
  readonly account: string;
  readonly container: string;
  readonly path: string;
  /** `http(s)://host[:port][/path]` of the account. Default: that of the settings, else `https://ACCOUNT.blob.core.windows.net`. */
  readonly endpoint?: string;
  /** Default: anonymous. */
  readonly credentials?: AzureCredentials;
}

/** How requests to Azure are authorised. */
export type AzureCredentials =
  /** Base64 of the account's key. */
  | { readonly kind: "sharedKey"; readonly key: SecretText }
  /** Query string of a shared access signature, without `?`. */
  | { readonly kind: "sas"; readonly token: SecretText }
  | { readonly kind: "client"; readonly tenantId: string; readonly clientId: string; readonly clientSecret: SecretText };

/** Files of a repository as the Hugging Face Hub serves it, or as its client keeps it in a folder. */
export interface HuggingFaceSource {
  readonly kind: "hf";
  /** `organisation/model`. */
  readonly repository: string;
  /** Branch, tag or commit. Default `main`. */
  readonly revision?: string;
  /** File or folder; empty for all. */
  readonly path: string;
  readonly token?: SecretText;
  /** Patterns of paths to take, with `*`, `?` and `[…]`, which also cross `/`. Default all. */
  readonly allow?: readonly string[];
  /** Patterns of paths to leave. Default none. */
  readonly ignore?: readonly string[];
}

/** A file or folder of a mounted volume claim. */
export interface ClaimSource {
  readonly kind: "pvc";
  readonly claim: string;
  readonly path: string;
}

/** What was sent to this store over HTTP. */
export interface UploadSource {
  readonly kind: "upload";
  readonly id: string;
}

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
  /** What is sent to the store piece by piece. */
  readonly uploads: Uploads;
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
