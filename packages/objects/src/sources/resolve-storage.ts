/**
 * What `spec.predictor.model.storage` means, as the puller of ModelMesh reads it: a key of the `storage-config` secret (`storage_key`, else `default_<type>`, else
 * `default`) whose JSON is merged with `storage.parameters`.
 *
 * Invariant: secrets of a key go to the server that the key names, or nowhere. A parameter that names another server is refused, unless it brings credentials
 * of its own; and credentials of the environment never go to a server that a parameter names.
 */
import { failure } from "@modelyard/core";
import type { ArtifactSource, AzureCredentials, S3Credentials } from "../contract.ts";
import { SecretText } from "../secret-text.ts";
import { parseRemoteAddress } from "./parse-address.ts";

/** What is asked for. */
export interface StorageRequest {
  /** Entries of the `storage-config` secret: key to JSON. */
  readonly entries: ReadonlyMap<string, string>;
  /** `storage.key`; default `default_<type>`, else `default`. */
  readonly key?: string;
  /** `storage.path`. */
  readonly path?: string;
  /** `storage.parameters`. */
  readonly parameters?: Readonly<Record<string, string>>;
}

type Fields = Readonly<Record<string, string>>;

/**
 * The source of a storage specification.
 *
 * @throws `STORAGE_MISSING` without a type, `STORAGE_REFUSED` for an unknown key, an entry that is not JSON, a field that is missing or a parameter that would
 * send secrets elsewhere.
 */
export function resolveStorage(request: StorageRequest): ArtifactSource {
  const { parameters = {}, path = "" } = request;
  const entry = entryOf(request);
  const type = parameters["type"] ?? entry?.fields["type"];
  if (type === undefined || type === "") throw failure("STORAGE_MISSING", {});
  const kind = kinds[type];
  if (!kind) throw refused(`the type "${type}" is not among ${Object.keys(kinds).join(", ")}`);
  if (entry && entry.fields["type"] !== type && entry.fields["type"] !== undefined)
    throw refused(`the key "${entry.key}" is of the type "${entry.fields["type"]}" and the parameters say "${type}"`);
  const merged = mergeSafely(kind, { entry, parameters });
  return kind.read({
    fields: merged,
    path,
    isOwnServer: kind.servers.some((name) => parameters[name] !== undefined && parameters[name] !== entry?.fields[name]),
  });
}

interface Entry {
  readonly key: string;
  readonly fields: Fields;
}

function entryOf({ entries, key, parameters = {} }: StorageRequest): Entry | undefined {
  if (key !== undefined && key !== "") {
    const text = entries.get(key);
    if (text === undefined) throw refused(`the secret storage-config has no key "${key}"`);
    return { key, fields: parseEntry(key, text) };
  }
  for (const name of [...(parameters["type"] === undefined ? [] : [`default_${parameters["type"]}`]), "default"]) {
    const text = entries.get(name);
    if (text !== undefined) return { key: name, fields: parseEntry(name, text) };
  }
  return undefined;
}

/** Fields that are no texts are left out, but for headers, which may be lists: one bad field must not spoil the entry. */
function parseEntry(key: string, text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The cause would quote the text, which holds secrets.
    throw refused(`the key "${key}" of the secret storage-config is not JSON`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw refused(`the key "${key}" of the secret storage-config is not an object`);
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]: [string, unknown]) =>
      typeof field === "string" ? [[name, field]] : name === "headers" ? [[name, JSON.stringify(field)]] : [],
    ),
  );
}

interface Reading {
  readonly fields: Fields;
  readonly path: string;
  /** The parameters name the server. */
  readonly isOwnServer: boolean;
}

/** One type of storage. */
interface StorageKind {
  /** Fields that are secrets. */
  readonly secrets: readonly string[];
  /** Fields that decide which server is asked, or whom it is believed to be. */
  readonly servers: readonly string[];
  read(reading: Reading): ArtifactSource;
}

/** Parameters win over the entry; those that name another server bring their own credentials, or are refused. */
function mergeSafely(kind: StorageKind, from: { readonly entry: Entry | undefined; readonly parameters: Fields }): Fields {
  const { entry, parameters } = from;
  if (!entry) return parameters;
  const redirecting = kind.servers.filter((name) => parameters[name] !== undefined && parameters[name] !== entry.fields[name]);
  const held = kind.secrets.filter((name) => entry.fields[name] !== undefined);
  const [first] = redirecting;
  if (first === undefined || held.length === 0) return { ...entry.fields, ...parameters };
  if (held.some((name) => parameters[name] === undefined))
    throw refused(
      `the parameter "${first}" would send the credentials of the key "${entry.key}" to another server; give it in the secret, or credentials beside it`,
    );
  return { ...entry.fields, ...parameters };
}

const kinds: Readonly<Record<string, StorageKind>> = {
  s3: {
    secrets: ["access_key_id", "secret_access_key", "session_token"],
    servers: ["endpoint_url", "region", "certificate"],
    read: readS3,
  },
  gcs: { secrets: ["private_key"], servers: ["token_uri"], read: readGoogle },
  azure: { secrets: ["connection_string", "client_secret"], servers: ["account_name", "connection_string", "tenant_id"], read: readAzure },
  http: { secrets: ["headers", "client_certificate", "client_key"], servers: ["url", "certificate"], read: readHttp },
  pvc: { secrets: [], servers: [], read: readClaim },
};

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
  if (!bucket) throw refused('storage of the type "s3" needs a bucket');
  if ((accessKeyId === undefined) !== (secret === undefined))
    throw refused('"access_key_id" and "secret_access_key" are given together or not at all');
  if (endpoint !== undefined && !isHttp(endpoint)) throw refused('"endpoint_url" is not an http or https address');
  if (region !== undefined && !/^[a-z0-9-]{1,64}$/i.test(region)) throw refused('"region" is not the name of a region');
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
  if (!bucket) throw refused('storage of the type "gcs" needs a bucket');
  const {
    private_key: privateKey,
    client_email: clientEmail,
    token_uri: tokenUri,
  } = fields as { readonly private_key?: string; readonly client_email?: string; readonly token_uri?: string };
  const source = { kind: "gcs", bucket: parsedBucket("gs", bucket), path: path.replace(/^\/+/, "") } as const;
  if (privateKey === undefined || clientEmail === undefined) return source;
  if (tokenUri !== undefined && !isHttp(tokenUri)) throw refused('"token_uri" is not an http or https address');
  return {
    ...source,
    credentials: { clientEmail, privateKey: new SecretText(privateKey), ...(tokenUri === undefined ? {} : { tokenUri }) },
  };
}

function readAzure({ fields, path }: Reading): ArtifactSource {
  const { container, connection_string: connection } = fields as { readonly container?: string; readonly connection_string?: string };
  const parts = connection === undefined ? {} : parseConnectionString(connection);
  const account = fields["account_name"] || parts["AccountName"];
  if (!account || !container) throw refused('storage of the type "azure" needs "account_name" and "container"');
  if (parts["AccountName"] !== undefined && parts["AccountName"] !== account)
    throw refused('"account_name" and "connection_string" name two accounts');
  const source = parseRemoteAddress(`az://${account}/${container}/${path.replace(/^\/+/, "")}`);
  if (source?.kind !== "azure") throw refused('"account_name" is not the name of an account');
  const credentials = azureCredentials(fields, parts);
  const endpoint = parts["BlobEndpoint"];
  return { ...source, ...(endpoint === undefined ? {} : { endpoint }), ...(credentials ? { credentials } : {}) };
}

function azureCredentials(fields: Fields, parts: Fields): AzureCredentials | undefined {
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
export function parseConnectionString(text: string): Fields {
  return Object.fromEntries(
    text.split(";").flatMap((pair) => {
      const at = pair.indexOf("=");
      return at > 0 ? [[pair.slice(0, at).trim(), pair.slice(at + 1).trim()]] : [];
    }),
  );
}

function readHttp({ fields, path }: Reading): ArtifactSource {
  const base = fields["url"];
  if (!base || !isHttp(base)) throw refused('storage of the type "http" needs an http or https "url"');
  for (const name of ["certificate", "client_certificate", "client_key"])
    if (fields[name]) throw refused(`"${name}" of the type "http" is not supported`);
  const url = new URL(base);
  if (url.username !== "" || url.password !== "") throw refused('"url" must not carry credentials');
  const prefix = url.pathname.endsWith("/") ? url.pathname.slice(0, -1) : url.pathname;
  if (path !== "") url.pathname = `${prefix}/${path.replace(/^\/+/, "")}`;
  const headers = fields["headers"];
  return { kind: "http", url: url.href, ...(headers === undefined ? {} : { headers: parseHeaders(headers) }) };
}

/** Header names to one value or a list of values, as JSON. */
function parseHeaders(text: string): Record<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The cause would quote the text, which holds secrets.
    throw refused('"headers" is not JSON');
  }
  if (typeof value !== "object" || value === null) throw refused('"headers" is not an object');
  return Object.fromEntries(
    Object.entries(value).map(([name, one]: [string, unknown]) => [name, Array.isArray(one) ? one.join(", ") : String(one)]),
  );
}

function readClaim({ fields, path }: Reading): ArtifactSource {
  const source = parseRemoteAddress(`pvc://${fields["name"] ?? ""}/${path.replace(/^\/+/, "")}`);
  if (source) return source;
  throw refused('storage of the type "pvc" needs a name');
}

function parsedBucket(scheme: string, bucket: string): string {
  const source = parseRemoteAddress(`${scheme}://${bucket}/`);
  if (source?.kind === "s3" || source?.kind === "gcs") return source.bucket;
  throw refused(`"${bucket}" is not the name of a bucket`);
}

function isHttp(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? "");
}

function refused(why: string): ReturnType<typeof failure> {
  return failure("STORAGE_REFUSED", { why });
}
