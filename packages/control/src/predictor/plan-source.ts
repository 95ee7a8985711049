/** Where a predictor's bytes are: its `storageUri` or `storage`, with what the `storage-config` Secret of its namespace says. Pure. */
import { type InferenceService, type Secret, secretEntries } from "@modelyard/api";
import { failure } from "@modelyard/core";
import type { ArtifactSource, IngestOptions } from "@modelyard/objects";
import { isStorageParameter, resolveStorage, resolveStorageUri } from "@modelyard/objects/store";
import { kserveEntries } from "./kserve-secret.ts";

/** Name of the Secret that holds the credentials of a namespace: one JSON a key, as ModelMesh Serving and KServe read it. */
const storageSecretName = "storage-config";

/** Annotation that names another Secret, as KServe reads it. */
const secretNameAnnotation = "serving.kserve.io/storageSecretName";

/** Name of the Secret with the credentials of a service. */
export function storageSecretOf({ metadata }: Pick<InferenceService, "metadata">): string {
  return metadata.annotations?.[secretNameAnnotation] ?? storageSecretName;
}

/** Annotation of the per-framework form that names a key of the Secret, as ModelMesh Serving reads it. */
const secretKeyAnnotation = "serving.kserve.io/secretKey";

/** Name among `storage.parameters` that says what becomes of an archive. */
const unpackParameter = "unpack";

/** The storage of a predictor, as it is written. */
export interface WrittenStorage {
  readonly storageUri?: string;
  readonly storage?: { readonly path?: string; readonly key?: string; readonly parameters?: Readonly<Record<string, string>> };
}

/** What storage is read beside. */
export interface StorageSurroundings {
  readonly annotations: Readonly<Record<string, string>>;
  /** The Secret of the service, where it exists. */
  readonly secret: Secret | undefined;
}

/** A source, and how to take it. */
export interface PlannedSource {
  readonly source: ArtifactSource;
  readonly unpack?: NonNullable<IngestOptions["unpack"]>;
  /** Changes whenever the Secret does, so that what failed is tried again. */
  readonly credentialsVersion: string;
  /** Parameters that are for the runtime. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Plans the source. Throws `STORAGE_MISSING`, `STORAGE_REFUSED`, `SOURCE_UNSUPPORTED` or `INVALID_ARGUMENT`. */
export function planSource(written: WrittenStorage, { annotations, secret }: StorageSurroundings): PlannedSource {
  const { storageUri: uri = "", storage = {} } = written;
  const { unpack: unpackText, ...parameters } = storage.parameters ?? {};
  const key = storage.key ?? annotations[secretKeyAnnotation] ?? "";
  if (uri === "" && storage.path === undefined && key === "") throw failure("STORAGE_MISSING", {});
  const named = annotations[secretNameAnnotation];
  if (named !== undefined && !secret)
    throw failure("STORAGE_REFUSED", { why: `the secret "${named}" that an annotation names does not exist` });
  const entries = new Map(secret ? [...kserveEntries(secret, uri), ...textEntries(secret)] : []);
  const request = { entries, parameters, ...(key === "" ? {} : { key }) };
  const source = uri === "" ? resolveStorage({ ...request, path: storage.path ?? "" }) : resolveStorageUri({ ...request, uri });
  const unpack = unpackOf(unpackText);
  return {
    source,
    ...(unpack === undefined ? {} : { unpack }),
    credentialsVersion: `${secret?.metadata.uid ?? ""}/${secret?.metadata.resourceVersion ?? ""}`,
    parameters: Object.fromEntries(Object.entries(parameters).filter(([name]) => !isStorageParameter(name))),
  };
}

function textEntries(secret: Secret): readonly (readonly [string, string])[] {
  return [...secretEntries(secret)].map(([name, bytes]) => [name, bytes.toString("utf8")]);
}

function unpackOf(text: string | undefined): PlannedSource["unpack"] {
  switch (text) {
    case undefined:
      return undefined;
    case "true":
    case "always":
      return "always";
    case "false":
    case "never":
      return "never";
    case "auto":
      return "auto";
    default:
      throw failure("INVALID_ARGUMENT", {
        what: `The parameter ${unpackParameter} of the storage is "${text}", not "true", "false" or "auto"`,
      });
  }
}
