/** What the operator of an installation says about sources, beside what a user writes in an address. */

/** Settings of sources. */
export interface SourceSettings {
  /** Server of `s3://` addresses that name none. Default: AWS. */
  readonly s3Endpoint?: string;
  /** Region of `s3://` addresses that name none. Default `us-east-1`. */
  readonly s3Region?: string;
  /** Server of `gs://`. Default `https://storage.googleapis.com`. */
  readonly googleEndpoint?: string;
  /** Server of `az://`, with the account as its first path segment. Default `https://ACCOUNT.blob.core.windows.net`. */
  readonly azureEndpoint?: string;
  /** Server that gives Azure client credentials their tokens. Default `https://login.microsoftonline.com`. */
  readonly azureLoginEndpoint?: string;
  /** Server of `hf://`. Default `https://huggingface.co`. */
  readonly huggingFaceEndpoint?: string;
  /** Folder laid out as the cache of huggingface_hub, which answers `hf://` before the server is asked. Default: none. */
  readonly huggingFaceMirror?: string;
  /** Folder with a folder for each volume claim. Default: `pvc://` is refused. */
  readonly claimsDirectory?: string;
}
