/** Where a request carries its credentials: the same fields for REST and gRPC, and the certificate of its connection. */
import type { ConnectionInfo, Exchange, RequestHead } from "@modelyard/wire";
import type { Credentials } from "./authenticate.ts";

/** Header and metadata field for a key, besides `authorization: Bearer KEY`. */
const apiKeyHeader = "modelyard-api-key";

/** Reads the credentials; certificates count only when `clientCertificates` is set. */
export function readCredentials({ head, connection }: Exchange, clientCertificates: boolean): Credentials {
  return { apiKey: readApiKey(head), certificateSubject: clientCertificates ? verifiedSubject(connection) : undefined };
}

function verifiedSubject({ tls }: ConnectionInfo): string | undefined {
  return tls?.authorized ? (tls.subject ?? "") : undefined;
}

/** The scheme is case-insensitive (RFC 9110 §11.1); other schemes are no credentials of ours. */
function readApiKey(head: RequestHead): string | undefined {
  const bearer = /^bearer +(.*)$/i.exec(head.get("authorization") ?? "")?.[1];
  return bearer ?? head.get(apiKeyHeader);
}
