/** Where models come from and where they are kept, as the artifact store is told. */
import { parseArtifactSource, type S3Source } from "@modelyard/objects";
import type { SourceSettings } from "@modelyard/objects/store";
import type { StorageConfig } from "../config/storage-keys.ts";

/** Options of the artifact store. */
export interface StorageSettings {
  readonly sources: SourceSettings;
  readonly bucket?: S3Source;
}

/** Of the configuration. Credentials are those of the environment. */
export function storageSettings(config: StorageConfig): StorageSettings {
  const { s3Endpoint, s3Region, gsEndpoint, azEndpoint, hfEndpoint, hfMirrorDir, claimsDir } = config;
  const bucket = bucketOf(config);
  return {
    sources: {
      ...(s3Endpoint !== "" && { s3Endpoint }),
      ...(s3Region !== "" && { s3Region }),
      ...(gsEndpoint !== "" && { googleEndpoint: gsEndpoint }),
      ...(azEndpoint !== "" && { azureEndpoint: azEndpoint }),
      ...(hfEndpoint !== "" && { huggingFaceEndpoint: hfEndpoint }),
      ...(hfMirrorDir !== "" && { huggingFaceMirror: hfMirrorDir }),
      ...(claimsDir !== "" && { claimsDirectory: claimsDir }),
    },
    ...(bucket && { bucket }),
  };
}

function bucketOf({ objects, s3Endpoint, s3Region }: StorageConfig): S3Source | undefined {
  const source = objects === "" ? undefined : parseArtifactSource(objects);
  if (source?.kind !== "s3") return undefined;
  return { ...source, ...(s3Endpoint !== "" && { endpoint: s3Endpoint }), ...(s3Region !== "" && { region: s3Region }) };
}
