/** Content-addressed artifact store. */
export type {
  Artifact,
  ArtifactFile,
  ArtifactSource,
  ArtifactStore,
  FetchProgress,
  GarbageReport,
  IngestOptions,
  LocalArtifacts,
  OpenArtifact,
} from "./contract.ts";
