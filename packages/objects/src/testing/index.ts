/** Real servers, hostile data and runners for the tests of others. */
export { artifactStoreContract, type OpenStore } from "./artifact-store-contract.ts";
export { type CutOptions, type CutOutcome, fetchUnderCuts } from "./fetch-under-cuts.ts";
export { type HostileArchive, hostileArchives } from "./hostile-archives.ts";
export { type RealS3, startRealS3, whyNoS3 } from "./real-s3.ts";
export { type HostileOutcome, tryHostileArchive } from "./try-hostile-archive.ts";
