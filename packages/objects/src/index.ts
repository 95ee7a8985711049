/** Content-addressed artifacts: the contract, and the read side that a serving process needs. The write side is `@modelyard/objects/store`. */
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
export { type LocalArtifactsOptions, openLocalArtifacts } from "./local-artifacts.ts";
export { describeSource, parseArtifactSource } from "./source.ts";
