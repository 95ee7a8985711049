/** The write side of the artifact store, for control only. */
export { type ArtifactStoreOptions, openArtifactStore } from "./artifact-store.ts";
export { resolveStorage, type StorageRequest } from "./sources/resolve-storage.ts";
export type { SourceSettings } from "./sources/source-settings.ts";
