/** Content-addressed artifacts: the contract, and the read side that a serving process needs. The write side is `@modelyard/objects/store`. */
export type {
  Artifact,
  ArtifactFile,
  ArtifactSource,
  ArtifactStore,
  AzureCredentials,
  AzureSource,
  ClaimSource,
  FetchProgress,
  GarbageReport,
  GoogleSource,
  HttpSource,
  HuggingFaceSource,
  IngestOptions,
  LocalArtifacts,
  OpenArtifact,
  S3Credentials,
  S3Source,
  SourceTls,
  UploadSource,
} from "./contract.ts";
export { type LocalArtifactsOptions, openLocalArtifacts } from "./local-artifacts.ts";
export { SecretText } from "./secret-text.ts";
export { describeSource, identityOfSource, nameOfSource, parseArtifactSource } from "./source.ts";
export type { Upload, UploadLimits, UploadPiece, UploadRequest, Uploads } from "./uploads/upload-contract.ts";
