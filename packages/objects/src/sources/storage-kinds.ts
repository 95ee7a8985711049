/** The types of storage of a `storage-config` entry: which fields are secrets, which name a server, and what source they make. */
import { failure } from "@modelyard/core";
import type { ArtifactSource, AzureCredentials, S3Credentials, SourceTls } from "../contract.ts";
import { SecretText } from "../secret-text.ts";
import { parseRemoteAddress } from "./parse-address.ts";

/** Fields of an entry, merged with parameters or not yet. */
export type StorageFields = Readonly<Record<string, string>>;

/** What a source is made of. */
export interface Reading {
  readonly fields: StorageFields;
  readonly path: string;
  /** The parameters name the server. */
  readonly isOwnServer: boolean;
}

/** One type of storage. */
export interface StorageKind {
  /** StorageFields that are secrets. */
  readonly secrets: readonly string[];
  /** StorageFields that decide which server is asked, or whom it is believed to be. */
  readonly servers: readonly string[];
  /** StorageFields beside those. */
  readonly places: readonly string[];
  read(reading: Reading): ArtifactSource;
}

/** Every type, by its name. */
export const storageKinds: Readonly<Record<string, StorageKind>> = {
  s3: {
    secrets: ["access_key_id", "secret_access_key", "session_token"],
    servers: ["endpoint_url", "region", "certificate"],
    places: ["bucket", "default_bucket"],
    read: readS3,
  },
  gcs: { secrets: ["private_key"], servers: ["token_uri"], places: ["bucket", "default_bucket", "client_email"], read: readGoogle },
  azure: {
    secrets: ["connection_string", "client_secret"],
    servers: ["account_name", "connection_string", "tenant_id"],
    places: ["container", "client_id"],
    read: readAzure,
  },
  http: { secrets: ["headers", "client_certificate", "client_key"], servers: ["url", "certificate"], places: [], read: readHttp },
  pvc: { secrets: [], servers: [], places: ["name"], read: readClaim },
  hf: { secrets: ["token"], servers: [], places: ["repository", "revision"], read: readHuggingFace },
};

const storageWords: ReadonlySet<string> = new Set([
  "type",
  ...Object.values(storageKinds).flatMap(({ secrets, servers, places }) => [...secrets, ...servers, ...places]),
]);

/** Whether a name among `storage.parameters` says where bytes are or how they may be had: such a one is nothing for the runtime. */
export function isStorageParameter(name: string): boolean {
  return storageWords.has(name);
}

/** The account an entry of Azure is for. */
export function azureAccountOf(fields: StorageFields): string | undefined {
  return fields["account_name"] || parseConnectionString(fields["connection_string"] ?? "")["AccountName"];
}

function readS3({ fields, path, isOwnServer }: Reading): ArtifactSource {
  const {
    access_key_id: accessKeyId,
    secret_access_key: secret,
    session_token: token,
    endpoint_url: endpoint,
    region,
    certificate,
  } = fields as S3Fields;
  const bucket = fields["bucket"] || fields["default_bucket"];
  if (!bucket) throw storageRefused('storage of the type "s3" needs a bucket');
  if ((accessKeyId === undefined) !== (secret === undefined))
    throw storageRefused('"access_key_id" and "secret_access_key" are given together or not at all');
  if (endpoint !== undefined && !isHttp(endpoint)) throw storageRefused('"endpoint_url" is not an http or https address');
  if (region !== undefined && !/^[a-z0-9-]{1,64}$/i.test(region)) throw storageRefused('"region" is not the name of a region');
  const known: S3Credentials | undefined =
    accessKeyId !== undefined && secret !== undefined
      ? {
          kind: "static",
          accessKeyId,
          secretAccessKey: new SecretText(secret),
          ...(token === undefined ? {} : { sessionToken: new SecretText(token) }),
        }
      : undefined;
  const credentials: S3Credentials = known ?? { kind: isOwnServer ? "anonymous" : "ambient" };
  return {
    kind: "s3",
    bucket: parsedBucket("s3", bucket),
    path: path.replace(/^\/+/, ""),
    credentials,
    ...(endpoint === undefined || endpoint === "" ? {} : { endpoint }),
    ...(region === undefined || region === "" ? {} : { region }),
    ...(certificate === undefined || certificate === "" ? {} : { certificate }),
  };
}

interface S3Fields {
  readonly access_key_id?: string;
  readonly secret_access_key?: string;
  readonly session_token?: string;
  readonly endpoint_url?: string;
  readonly region?: string;
  readonly certificate?: string;
}

function readGoogle({ fields, path }: Reading): ArtifactSource {
  const bucket = fields["bucket"] || fields["default_bucket"];
  if (!bucket) throw storageRefused('storage of the type "gcs" needs a bucket');
  const {
    private_key: privateKey,
    client_email: clientEmail,
    token_uri: tokenUri,
  } = fields as { readonly private_key?: string; readonly client_email?: string; readonly token_uri?: string };
  const source = { kind: "gcs", bucket: parsedBucket("gs", bucket), path: path.replace(/^\/+/, "") } as const;
  if (privateKey === undefined || clientEmail === undefined) return source;
  if (tokenUri !== undefined && !isHttp(tokenUri)) throw storageRefused('"token_uri" is not an http or https address');
  return {
    ...source,
    credentials: { clientEmail, privateKey: new SecretText(privateKey), ...(tokenUri === undefined ? {} : { tokenUri }) },
  };
}

function readAzure({ fields, path }: Reading): ArtifactSource {
  const { container, connection_string: connection } = fields as { readonly container?: string; readonly connection_string?: string };
  const parts = connection === undefined ? {} : parseConnectionString(connection);
  const account = fields["account_name"] || parts["AccountName"];
  if (!account || !container) throw storageRefused('storage of the type "azure" needs "account_name" and "container"');
  if (parts["AccountName"] !== undefined && parts["AccountName"] !== account)
    throw storageRefused('"account_name" and "connection_string" name two accounts');
  const source = parseRemoteAddress(`az://${account}/${container}/${path.replace(/^\/+/, "")}`);
  if (source?.kind !== "azure") throw storageRefused('"account_name" is not the name of an account');
  const credentials = azureCredentials(fields, parts);
  const endpoint = parts["BlobEndpoint"];
  return { ...source, ...(endpoint === undefined ? {} : { endpoint }), ...(credentials ? { credentials } : {}) };
}

function azureCredentials(fields: StorageFields, parts: StorageFields): AzureCredentials | undefined {
  if (parts["AccountKey"] !== undefined) return { kind: "sharedKey", key: new SecretText(parts["AccountKey"]) };
  if (parts["SharedAccessSignature"] !== undefined) return { kind: "sas", token: new SecretText(parts["SharedAccessSignature"]) };
  const {
    client_id: clientId,
    client_secret: clientSecret,
    tenant_id: tenantId,
  } = fields as { readonly client_id?: string; readonly client_secret?: string; readonly tenant_id?: string };
  if (clientId === undefined || clientSecret === undefined || tenantId === undefined) return undefined;
  return { kind: "client", tenantId, clientId, clientSecret: new SecretText(clientSecret) };
}

/** `Name=value` pairs between semicolons; values may contain `=`. */
function parseConnectionString(text: string): StorageFields {
  return Object.fromEntries(
    text.split(";").flatMap((pair) => {
      const at = pair.indexOf("=");
      return at > 0 ? [[pair.slice(0, at).trim(), pair.slice(at + 1).trim()]] : [];
    }),
  );
}

function readHttp({ fields, path }: Reading): ArtifactSource {
  const base = fields["url"];
  if (!base || !isHttp(base)) throw storageRefused('storage of the type "http" needs an http or https "url"');
  const url = new URL(base);
  if (url.username !== "" || url.password !== "" || url.search !== "")
    throw storageRefused('"url" must not carry credentials or a query; give credentials as "headers"');
  const prefix = url.pathname.endsWith("/") ? url.pathname.slice(0, -1) : url.pathname;
  if (path !== "") url.pathname = `${prefix}/${path.replace(/^\/+/, "")}`;
  const headers = fields["headers"];
  const tls = readTls(fields);
  return { kind: "http", url: url.href, ...(headers === undefined ? {} : { headers: parseHeaders(headers) }), ...(tls ? { tls } : {}) };
}

function readTls(fields: StorageFields): SourceTls | undefined {
  const { certificate = "", client_certificate: clientCertificate = "", client_key: clientKey = "" } = fields as TlsFields;
  if ((clientCertificate === "") !== (clientKey === ""))
    throw storageRefused('"client_certificate" and "client_key" are given together or not at all');
  if (certificate === "" && clientCertificate === "") return undefined;
  return {
    ...(certificate === "" ? {} : { certificate }),
    ...(clientCertificate === "" ? {} : { clientCertificate, clientKey: new SecretText(clientKey) }),
  };
}

interface TlsFields {
  readonly certificate?: string;
  readonly client_certificate?: string;
  readonly client_key?: string;
}

/** Header names to one value or a list of values, as JSON. */
function parseHeaders(text: string): Record<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The cause would quote the text, which holds secrets.
    throw storageRefused('"headers" is not JSON');
  }
  if (typeof value !== "object" || value === null) throw storageRefused('"headers" is not an object');
  return Object.fromEntries(
    Object.entries(value).map(([name, one]: [string, unknown]) => [name, Array.isArray(one) ? one.join(", ") : String(one)]),
  );
}

function readClaim({ fields, path }: Reading): ArtifactSource {
  const source = parseRemoteAddress(`pvc://${fields["name"] ?? ""}/${path.replace(/^\/+/, "")}`);
  if (source) return source;
  throw storageRefused('storage of the type "pvc" needs a name');
}

function readHuggingFace({ fields, path }: Reading): ArtifactSource {
  const {
    repository = "",
    revision,
    token,
  } = fields as { readonly repository?: string; readonly revision?: string; readonly token?: string };
  const at = revision === undefined ? "" : `@${encodeURIComponent(revision)}`;
  const source = parseRemoteAddress(`hf://${repository}${at}/${path.replace(/^\/+/, "")}`);
  if (source?.kind !== "hf") throw storageRefused('storage of the type "hf" needs a "repository"');
  return token === undefined ? source : { ...source, token: new SecretText(token) };
}

function parsedBucket(scheme: string, bucket: string): string {
  const source = parseRemoteAddress(`${scheme}://${bucket}/`);
  if (source?.kind === "s3" || source?.kind === "gcs") return source.bucket;
  throw storageRefused(`"${bucket}" is not the name of a bucket`);
}

function isHttp(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? "");
}

/** A refusal of a storage specification. */
export function storageRefused(why: string): ReturnType<typeof failure> {
  return failure("STORAGE_REFUSED", { why });
}
