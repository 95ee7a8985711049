/** The write side of the artifact store, for control only. */
export { type ArtifactStoreOptions, openArtifactStore } from "./artifact-store.ts";
export { resolveStorage, type StorageRequest } from "./sources/resolve-storage.ts";
export { resolveStorageUri, type StorageUriRequest } from "./sources/resolve-storage-uri.ts";
export type { SourceSettings } from "./sources/source-settings.ts";
export { isStorageParameter } from "./sources/storage-kinds.ts";
