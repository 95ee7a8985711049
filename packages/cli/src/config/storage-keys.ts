/** Keys of where models come from and where they are kept. */
import { parseArtifactSource } from "@modelyard/objects";
import { type ConfigKey, fileKey } from "./key-kinds.ts";

/** The part of the configuration about models' bytes. Every value may be empty. */
export interface StorageConfig {
  /** `s3://BUCKET/PREFIX`; empty: the data folder. */
  readonly objects: string;
  readonly s3Endpoint: string;
  readonly s3Region: string;
  readonly gsEndpoint: string;
  readonly azEndpoint: string;
  readonly hfEndpoint: string;
  readonly hfMirrorDir: string;
  readonly claimsDir: string;
}

type TextOptions = Pick<ConfigKey<string>, "name" | "meaning" | "placeholder" | "wanted"> & { readonly isValid: (text: string) => boolean };

/** A text that need not be given. */
function optionalKey({ isValid, ...options }: TextOptions): ConfigKey<string> {
  const parse = (text: string): string | undefined => (text.trim() === "" || isValid(text.trim()) ? text.trim() : undefined);
  return { ...options, defaultOf: () => "", parse, format: String };
}

function addressKey(options: Pick<TextOptions, "name" | "meaning">): ConfigKey<string> {
  const isValid = (text: string): boolean => /^https?:$/.test(URL.parse(text)?.protocol ?? "");
  return optionalKey({ ...options, placeholder: "URL", wanted: "an http or https address", isValid });
}

function folderKey(options: Pick<TextOptions, "name" | "meaning">): ConfigKey<string> {
  return { ...fileKey(options), placeholder: "DIR" };
}

/** Keys of {@link StorageConfig}. */
export const storageKeys: { readonly [P in keyof StorageConfig]: ConfigKey<StorageConfig[P]> } = {
  objects: optionalKey({
    name: "objects",
    meaning:
      "Bucket that keeps the bytes of models, s3://BUCKET/PREFIX, of which the data folder is a cache then; without it the data folder keeps them",
    placeholder: "ADDRESS",
    wanted: "an address such as s3://bucket/prefix",
    isValid: isBucket,
  }),
  s3Endpoint: addressKey({ name: "s3Endpoint", meaning: "Server of s3:// addresses that name none, and of the bucket; without it AWS" }),
  s3Region: optionalKey({
    name: "s3Region",
    meaning: "Region of that server; without it us-east-1",
    placeholder: "REGION",
    wanted: "the name of a region",
    isValid: (text) => /^[a-z0-9-]{1,64}$/i.test(text),
  }),
  gsEndpoint: addressKey({ name: "gsEndpoint", meaning: "Server of gs:// addresses; without it Google's" }),
  azEndpoint: addressKey({
    name: "azEndpoint",
    meaning: "Server of az:// addresses, with accounts as first path segments; without it Azure's",
  }),
  hfEndpoint: addressKey({ name: "hfEndpoint", meaning: "Server of hf:// addresses; without it https://huggingface.co" }),
  hfMirrorDir: folderKey({
    name: "hfMirror",
    meaning: "Folder as the cache of huggingface_hub, which answers hf:// addresses before the server is asked",
  }),
  claimsDir: folderKey({
    name: "claims",
    meaning: "Folder with a folder for each volume claim, for pvc:// addresses; without it they are refused",
  }),
};

function isBucket(text: string): boolean {
  try {
    return parseArtifactSource(text).kind === "s3";
  } catch {
    return false;
  }
}
