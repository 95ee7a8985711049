/** The client of an S3 server. The SDK is loaded when a source needs it: only control fetches, and not every control fetches from S3. */
import { Agent } from "node:https";
import { rootCertificates } from "node:tls";
import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import type { S3Credentials } from "../../contract.ts";

/** Where an S3 server is, and how requests are signed. */
export interface S3Connection {
  /** Default: AWS, in the region. */
  readonly endpoint?: string;
  /** Default `us-east-1`. */
  readonly region?: string;
  readonly credentials?: S3Credentials;
  readonly certificate?: string;
}

/** The SDK and a client of it. */
export interface S3Session {
  readonly sdk: typeof import("@aws-sdk/client-s3");
  readonly client: S3Client;
}

const connectLimitMs = 10_000;
/** Beyond this nobody answers: idle limits of the caller end an exchange before. */
const requestLimitMs = 120_000;

/** Opens a client. By default requests are tried once: the caller tries again, and knows what arrived. */
export async function openS3(connection: S3Connection, { maxAttempts = 1 }: { readonly maxAttempts?: number } = {}): Promise<S3Session> {
  const sdk = await import("@aws-sdk/client-s3");
  const { endpoint, region = "us-east-1", certificate } = connection;
  const agents = certificate === undefined ? {} : { httpsAgent: new Agent({ keepAlive: true, ca: [...rootCertificates, certificate] }) };
  const config: S3ClientConfig = {
    region,
    maxAttempts,
    // Where the region of a bucket is another, the answer names it.
    followRegionRedirects: endpoint === undefined,
    requestHandler: { connectionTimeout: connectLimitMs, requestTimeout: requestLimitMs, ...agents },
    ...(endpoint === undefined ? {} : otherServer(endpoint)),
  };
  return { sdk, client: await signed(sdk, { config, credentials: connection.credentials ?? { kind: "ambient" } }) };
}

/** Servers other than AWS: path style, and no checksum headers beyond what the protocol always had, which some of them refuse. */
function otherServer(endpoint: string): S3ClientConfig {
  return { endpoint, forcePathStyle: true, requestChecksumCalculation: "WHEN_REQUIRED", responseChecksumValidation: "WHEN_REQUIRED" };
}

async function signed(
  sdk: S3Session["sdk"],
  how: { readonly config: S3ClientConfig; readonly credentials: S3Credentials },
): Promise<S3Client> {
  const { config, credentials } = how;
  if (credentials.kind === "anonymous") return new sdk.S3Client({ ...config, ...unsigned });
  if (credentials.kind === "static") return new sdk.S3Client({ ...config, credentials: staticCredentials(credentials) });
  const client = new sdk.S3Client(config);
  try {
    await client.config.credentials();
    return client;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "CredentialsProviderError") throw error;
    // There is nothing in environment, files and container: what is public can be read without.
    client.destroy();
    return new sdk.S3Client({ ...config, ...unsigned });
  }
}

function staticCredentials(credentials: Extract<S3Credentials, { kind: "static" }>): NonNullable<S3ClientConfig["credentials"]> {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return { accessKeyId, secretAccessKey: secretAccessKey.reveal(), ...(sessionToken ? { sessionToken: sessionToken.reveal() } : {}) };
}

const unsigned: S3ClientConfig = {
  credentials: { accessKeyId: "", secretAccessKey: "" },
  signer: { sign: async (request) => request },
};
