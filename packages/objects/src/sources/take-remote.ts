/** Takes a source that is not simply a path or one HTTP address: finds its driver, or the local files it stands for. */
import { assertNever } from "@modelyard/core";
import type { ArtifactFile, ArtifactSource, HuggingFaceSource, IngestOptions, S3Source } from "../contract.ts";
import { listLocalSource, type SourceFile } from "../internal/local-source.ts";
import type { BlobPlaces } from "../internal/place-blob.ts";
import { openAzureTree } from "./azure/azure-tree.ts";
import { claimPath } from "./claim-source.ts";
import { fetchTree } from "./fetch-tree.ts";
import { openGoogleTree } from "./google/google-tree.ts";
import { wantedPaths } from "./hugging-face/file-patterns.ts";
import { openHubTree } from "./hugging-face/hub-tree.ts";
import { listMirror } from "./hugging-face/mirror.ts";
import type { RemoteTree } from "./remote-tree.ts";
import { openS3Tree } from "./s3/s3-tree.ts";
import type { SourceSettings } from "./source-settings.ts";

/** Sources that this file takes. */
export type RemoteSource = Exclude<ArtifactSource, { kind: "file" | "http" | "upload" }>;

/** What taking one needs. */
export interface RemoteTaking extends BlobPlaces {
  readonly settings: SourceSettings;
  readonly options: IngestOptions;
  readonly maxBytes: number;
}

/** Files that are stored, or local files that are to be. */
export type Taken =
  | { readonly kind: "stored"; readonly files: readonly ArtifactFile[] }
  | { readonly kind: "local"; readonly files: readonly SourceFile[] };

/** Takes the files of a remote source. */
export async function takeRemote(source: RemoteSource, taking: RemoteTaking): Promise<Taken> {
  const { settings, clock } = taking;
  const { path } = source;
  switch (source.kind) {
    case "pvc":
      return { kind: "local", files: await listLocalSource(await claimPath(source, settings)) };
    case "s3":
      return takeTree(await openS3Tree(withDefaults(source, settings)), { taking, path });
    case "gcs":
      return takeTree(openGoogleTree(source, { clock, endpoint: settings.googleEndpoint }), { taking, path });
    case "azure": {
      const deps = { clock, endpoint: settings.azureEndpoint, loginEndpoint: settings.azureLoginEndpoint };
      return takeTree(openAzureTree(source, deps), { taking, path });
    }
    case "hf":
      return takeHuggingFace(source, taking);
    default:
      return assertNever(source);
  }
}

/** The mirror first: what it has is not asked for over the network. */
async function takeHuggingFace(source: HuggingFaceSource, taking: RemoteTaking): Promise<Taken> {
  const { huggingFaceMirror: directory, huggingFaceEndpoint: endpoint } = taking.settings;
  const wants = wantedPaths(source);
  const files = directory === undefined ? undefined : await listMirror({ source, directory, wants });
  return files ? { kind: "local", files } : takeTree(openHubTree(source, { endpoint }), { taking, path: source.path, wants });
}

async function takeTree(
  tree: RemoteTree,
  { taking, ...what }: { readonly taking: RemoteTaking; readonly path: string; readonly wants?: (path: string) => boolean },
): Promise<Taken> {
  try {
    return { kind: "stored", files: await fetchTree({ ...taking, ...what, tree }) };
  } finally {
    tree.close();
  }
}

/** The source, with what its address leaves open taken from the settings. */
function withDefaults(source: S3Source, { s3Endpoint, s3Region }: SourceSettings): S3Source {
  return {
    ...(s3Endpoint === undefined ? {} : { endpoint: s3Endpoint }),
    ...(s3Region === undefined ? {} : { region: s3Region }),
    ...source,
  };
}
