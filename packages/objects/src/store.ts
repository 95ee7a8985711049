/** The write side of the artifact store, for control only. */
export { type ArtifactStoreOptions, openArtifactStore } from "./artifact-store.ts";
