/** Addresses of object stores, model hubs and volume claims. Keys are taken as they stand: `%`, `?` and `#` in them mean themselves, as in KServe. */
import { failure } from "@modelyard/core";
import type { ArtifactSource, AzureSource } from "../contract.ts";
import { SecretText } from "../secret-text.ts";

/** Reads an address of one of the schemes below; undefined when it is of another. `SOURCE_UNSUPPORTED` when it is malformed. */
export function parseRemoteAddress(text: string): ArtifactSource | undefined {
  const azure = parseAzureUrl(text);
  if (azure) return azure;
  const [, scheme = "", host = "", path = ""] = /^([a-z0-9]+):\/\/([^/]*)(?:\/(.*))?$/is.exec(text) ?? [];
  const read = schemes[scheme.toLowerCase()];
  if (!read) return undefined;
  if (host === "") throw unsupported(text, "it names no place after the scheme");
  if (host.includes("@") && !isHub(scheme))
    throw failure("SOURCE_UNSUPPORTED", { source: `${scheme}://…`, why: "an address must not carry credentials" });
  return read({ text, host, path });
}

interface Address {
  readonly text: string;
  readonly host: string;
  readonly path: string;
}

const schemes: Readonly<Record<string, (address: Address) => ArtifactSource>> = {
  s3: (address) => ({ kind: "s3", bucket: bucketOf(address), path: address.path }),
  gs: (address) => ({ kind: "gcs", bucket: bucketOf(address), path: address.path }),
  gcs: (address) => ({ kind: "gcs", bucket: bucketOf(address), path: address.path }),
  az: parseAzure,
  hf: parseHuggingFace,
  pvc: parseClaim,
};

function isHub(scheme: string): boolean {
  return scheme.toLowerCase() === "hf";
}

function bucketOf({ text, host }: Address): string {
  if (/^[a-z0-9][a-z0-9._-]{1,254}$/i.test(host)) return host;
  throw unsupported(text, `"${host}" is not the name of a bucket`);
}

/** `az://ACCOUNT/CONTAINER/PATH`; the account may be written with its whole host name. */
function parseAzure({ text, host, path }: Address): AzureSource {
  const account = host.split(".")[0] ?? "";
  const [container = "", ...rest] = path.split("/");
  if (!isAccount(account) || !isContainer(container)) throw unsupported(text, "it is not of the form az://ACCOUNT/CONTAINER/PATH");
  return { kind: "azure", account, container, path: rest.join("/") };
}

/** `https://ACCOUNT.blob.core.windows.net/CONTAINER/PATH`, where a query is a shared access signature. */
function parseAzureUrl(text: string): AzureSource | undefined {
  const url = URL.parse(text);
  const account = /^([a-z0-9]+)\.blob\.core\.windows\.net$/.exec(url?.hostname ?? "")?.[1];
  if (!url || url.protocol !== "https:" || account === undefined || url.username !== "") return undefined;
  const [container = "", ...rest] = url.pathname.slice(1).split("/");
  if (!isContainer(container)) return undefined;
  const source: AzureSource = { kind: "azure", account, container, path: decoded(rest.join("/")) };
  return url.search === "" ? source : { ...source, credentials: { kind: "sas", token: new SecretText(url.search.slice(1)) } };
}

function isAccount(text: string): boolean {
  return /^[a-z0-9]{3,24}$/.test(text);
}

function isContainer(text: string): boolean {
  return /^(?:\$root|\$web|[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9])$/.test(text);
}

/** `hf://ORG/MODEL[@REVISION][/PATH]`, or `hf://ORG/MODEL:REVISION[/PATH]`; slashes of a revision are written `%2F`. */
function parseHuggingFace({ text, host, path }: Address): ArtifactSource {
  const [, name = "", revision, rest = ""] = /^([^/@:]+)(?:[@:]([^/]+))?(?:\/(.*))?$/s.exec(path) ?? [];
  if (!isHubName(host) || !isHubName(name)) throw unsupported(text, "it is not of the form hf://ORG/MODEL[@REVISION][/PATH]");
  const source = { kind: "hf", repository: `${host}/${name}`, path: rest } as const;
  return revision === undefined ? source : { ...source, revision: decoded(revision) };
}

function isHubName(text: string): boolean {
  return /^[\w-](?:[\w.-]{0,94}[\w-])?$/.test(text) && !text.includes("--") && !text.includes("..");
}

function parseClaim({ text, host, path }: Address): ArtifactSource {
  if (!/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(host)) throw unsupported(text, `"${host}" is not the name of a volume claim`);
  return { kind: "pvc", claim: host, path };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded UTF-8: taken as it stands.
    return text;
  }
}

function unsupported(source: string, why: string): ReturnType<typeof failure> {
  return failure("SOURCE_UNSUPPORTED", { source, why });
}
