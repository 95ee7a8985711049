/**
 * Secrets as KServe's storage initializer reads them: credentials under their environment names, the server in annotations of the Secret. They are given as
 * entries of `storage-config`, so that the same rules hold for both. Pure. (KServe, "pkg/credentials": s3, gcs, azure, hf, https.)
 */
import { type Secret, secretEntries } from "@modelyard/api";
import { parseArtifactSource } from "@modelyard/objects";

type Fields = Readonly<Record<string, string | undefined>>;

/** The entries `default_<type>` that such a Secret stands for; `uri` names the account of Azure, which the Secret does not. */
export function kserveEntries(secret: Secret, uri: string): ReadonlyMap<string, string> {
  const data = Object.fromEntries([...secretEntries(secret)].map(([name, bytes]) => [name, bytes.toString("utf8")]));
  const found: Readonly<Record<string, Fields | undefined>> = {
    s3: s3Fields(data, secret.metadata.annotations ?? {}),
    gcs: googleFields(data["gcloud-application-credentials.json"]),
    azure: azureFields(data, uri),
    hf: data["HF_TOKEN"] === undefined ? undefined : { token: data["HF_TOKEN"] },
  };
  const entries = Object.entries(found).flatMap(([type, fields]): [string, string][] =>
    fields ? [[`default_${type}`, JSON.stringify({ type, ...fields })]] : [],
  );
  const web = webEntry(data);
  return new Map(web === undefined ? entries : [...entries, ["default_http", web]]);
}

function s3Fields(data: Fields, annotations: Readonly<Record<string, string>>): Fields | undefined {
  const { AWS_ACCESS_KEY_ID: access_key_id, AWS_SECRET_ACCESS_KEY: secret_access_key, AWS_SESSION_TOKEN: session_token } = data as S3Data;
  if (secret_access_key === undefined) return undefined;
  const about = (name: string): string | undefined => annotations[`serving.kserve.io/s3-${name}`];
  const host = about("endpoint");
  const scheme = about("usehttps") === "0" ? "http" : "https";
  return { access_key_id, secret_access_key, session_token, region: about("region"), endpoint_url: host && `${scheme}://${host}` };
}

interface S3Data {
  readonly AWS_ACCESS_KEY_ID?: string;
  readonly AWS_SECRET_ACCESS_KEY?: string;
  readonly AWS_SESSION_TOKEN?: string;
}

/** A key of a service account, as Google gives it out. */
function googleFields(text: string | undefined): Fields | undefined {
  if (text === undefined) return undefined;
  try {
    const { private_key, client_email, token_uri } = JSON.parse(text) as Fields;
    return { private_key, client_email, token_uri };
  } catch {
    // Not JSON: as good as absent. The cause would quote the key.
    return undefined;
  }
}

function azureFields(data: Fields, uri: string): Fields | undefined {
  const account = accountOf(uri);
  if (account === undefined) return undefined;
  const { AZURE_STORAGE_ACCESS_KEY: key } = data as { readonly AZURE_STORAGE_ACCESS_KEY?: string };
  if (key !== undefined) return { account_name: account, connection_string: `AccountName=${account};AccountKey=${key}` };
  const either = (name: string): string | undefined => data[`AZURE_${name}`] ?? data[`AZ_${name}`];
  const [client_id, client_secret, tenant_id] = [either("CLIENT_ID"), either("CLIENT_SECRET"), either("TENANT_ID")];
  return client_secret === undefined ? undefined : { account_name: account, client_id, client_secret, tenant_id };
}

function accountOf(uri: string): string | undefined {
  const source = uri === "" ? undefined : parseArtifactSource(uri);
  return source?.kind === "azure" ? source.account : undefined;
}

/** `https-host`, and `headers` with one `name: value` a line. */
function webEntry(data: Fields): string | undefined {
  const { "https-host": host, headers = "" } = data as { readonly "https-host"?: string; readonly headers?: string };
  if (host === undefined) return undefined;
  const lines = headers.split("\n").flatMap((line) => {
    const [, name, value] = /^\s*([\w-]+):\s*(.*?)\s*$/.exec(line) ?? [];
    return name === undefined ? [] : [[name, value]];
  });
  return JSON.stringify({ type: "http", url: `https://${host}`, headers: Object.fromEntries(lines) });
}
